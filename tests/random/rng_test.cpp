#include "dpml/random/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr int kDraws = 1 << 18;
constexpr double kSigmas = 4.9;  // crossed with probability 1e-6 by numbers that are right

Rng rng(std::uint64_t seed) {
  return Rng(Key::from_seed(seed), Purpose::initialisation);
}

TEST(Rng, RepeatsForEqualArgumentsAndCalls) {
  Rng first = rng(1);
  Rng second = rng(1);
  Rng other(Key::from_seed(1), Purpose::initialisation, 0, 1);
  for (int i = 0; i < 100; ++i) {
    const double u = first.uniform();
    EXPECT_EQ(u, second.uniform());
    EXPECT_NE(u, other.uniform());
    EXPECT_EQ(first.gaussian(), second.gaussian());
    EXPECT_EQ(first.below(1000), second.below(1000));
  }
}

TEST(Rng, DrawsUniformlyFromAnInterval) {
  Rng numbers = rng(2);
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = numbers.uniform(-3, 5);
    ASSERT_GE(x, -3);
    ASSERT_LE(x, 5);
    sum += x;
  }
  const double standard_error = 8 / std::sqrt(12.0 * kDraws);
  EXPECT_LT(std::abs(sum / kDraws - 1), kSigmas * standard_error);
  EXPECT_EQ(numbers.uniform(2, 2), 2);
}

TEST(Rng, DrawsStandardNormals) {
  Rng numbers = rng(3);
  double sum = 0;
  double squares = 0;
  double products = 0;  // of the two numbers made from one radius
  for (int i = 0; i < kDraws; i += 2) {
    const double a = numbers.gaussian();
    const double b = numbers.gaussian();
    sum += a + b;
    squares += a * a + b * b;
    products += a * b;
  }
  EXPECT_LT(std::abs(sum) / std::sqrt(kDraws), kSigmas);
  EXPECT_LT(std::abs(squares - kDraws) / std::sqrt(2.0 * kDraws), kSigmas);
  EXPECT_LT(std::abs(products) / std::sqrt(kDraws / 2), kSigmas);
}

// 2^18 draws from 10 values: chi-square with 9 degrees of freedom exceeds 48 with probability 3e-7.
TEST(Rng, DrawsIntegersWithEqualChances) {
  Rng numbers = rng(4);
  std::array<double, 10> count{};
  for (int i = 0; i < kDraws; ++i) ++count[numbers.below(count.size())];
  double chi_square = 0;
  for (const double observed : count) chi_square += std::pow(observed - kDraws / 10.0, 2) / (kDraws / 10.0);
  EXPECT_LT(chi_square, 48);
}

// Taking words modulo 3 * 2^62 would give the lowest third half of all draws.
TEST(Rng, DoesNotFavourSmallIntegers) {
  Rng numbers = rng(5);
  const std::uint64_t third = std::uint64_t{1} << 62;
  int low = 0;
  constexpr int kLargeDraws = 10000;
  for (int i = 0; i < kLargeDraws; ++i) {
    const std::uint64_t value = numbers.below(3 * third);
    ASSERT_LT(value, 3 * third);
    if (value < third) ++low;
  }
  EXPECT_LT(std::abs(low - kLargeDraws / 3.0), kSigmas * std::sqrt(kLargeDraws * 2.0 / 9.0));
}

TEST(Rng, DrawsTheOnlyIntegerBelowOneAndRefusesNone) {
  Rng numbers = rng(6);
  EXPECT_EQ(numbers.below(1), 0U);
  EXPECT_THROW(numbers.below(0), InternalError);
}

}  // namespace
}  // namespace dpml
