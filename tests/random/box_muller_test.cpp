#include "box_muller.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace dpml {
namespace {

constexpr double kLargestError = 1e-15;

/// Random words and those where the formulas change branch, exponent or sign.
std::vector<std::uint64_t> sample_of_words() {
  std::vector<std::uint64_t> words;
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    const auto root = static_cast<std::uint64_t>(std::ldexp(std::sqrt(2.0L), bit));
    for (const std::uint64_t word : {power - 2, power - 1, power, power + 1, root - 1, root, root + 1}) {
      words.push_back(word);
      words.push_back(0 - word);
    }
  }
  std::mt19937_64 bits(1);
  for (int i = 0; i < 300000; ++i) words.push_back(bits() >> (i % 3 == 0 ? i % 64 : 0));
  return words;
}

double relative_error(double value, long double expected) {
  if (expected == 0) return value == 0 ? 0 : 1;
  return static_cast<double>(std::abs((static_cast<long double>(value) - expected) / expected));
}

TEST(MinusTwoLog, AgreesWithTheStandardLibrary) {
  for (const std::uint64_t word : sample_of_words()) {
    const auto x = static_cast<long double>(static_cast<double>(word | 1));
    ASSERT_LE(relative_error(minus_two_log(word), -2 * std::log(std::ldexp(x, -64))), kLargestError) << word;
  }
}

TEST(MinusTwoLog, IsNeverNegativeAndReachesBeyondNineStandardDeviations) {
  EXPECT_GT(std::sqrt(minus_two_log(0)), 9.4);
  EXPECT_EQ(minus_two_log(~std::uint64_t{0}), 0.0);
  for (const std::uint64_t word : sample_of_words()) ASSERT_GE(minus_two_log(word), 0.0) << word;
}

TEST(CosineSine, AgreesWithTheStandardLibrary) {
  const long double quarter_turn = std::acos(-1.0L) / 2;
  for (const std::uint64_t word : sample_of_words()) {
    const std::uint64_t n = (word << 2) >> 13;
    const long double t = std::ldexp(2 * static_cast<long double>(n) + 1, -52) - 0.5L;
    const long double c = std::cos(quarter_turn * t);
    const long double s = std::sin(quarter_turn * t);
    const long double cosines[] = {c, -s, -c, s};
    const long double sines[] = {s, c, -s, -c};
    const std::uint64_t q = word >> 62;
    const CosineSine result = cosine_sine(word);
    ASSERT_LE(relative_error(result.cosine, cosines[q]), kLargestError) << word;
    ASSERT_LE(relative_error(result.sine, sines[q]), kLargestError) << word;
    // The same without turning by quarters, only as near as such an angle can be stored.
    const long double angle = quarter_turn * (static_cast<long double>(q) + t);
    ASSERT_NEAR(result.cosine, static_cast<double>(std::cos(angle)), kLargestError) << word;
    ASSERT_NEAR(result.sine, static_cast<double>(std::sin(angle)), kLargestError) << word;
  }
}

TEST(BoxMuller, TakesRadiiFromTheFirstHalfOfABlockAndAnglesFromTheSecond) {
  std::mt19937_64 bits(2);
  std::vector<std::uint64_t> words(3 * 64);
  for (std::uint64_t& word : words) word = bits();
  std::vector<double> normals(words.size());
  box_muller(words.data(), normals.data(), words.size());
  for (std::size_t block = 0; block < words.size(); block += 64) {
    for (std::size_t i = block; i < block + 32; ++i) {
      const double radius = std::sqrt(minus_two_log(words[i]));
      const CosineSine direction = cosine_sine(words[i + 32]);
      EXPECT_EQ(normals[i], radius * direction.cosine) << i;
      EXPECT_EQ(normals[i + 32], radius * direction.sine) << i;
    }
  }
}

}  // namespace
}  // namespace dpml
