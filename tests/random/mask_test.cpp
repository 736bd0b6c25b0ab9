#include "dpml/random/mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

namespace dpml {
namespace {

// Computed by a twin in Python integers. A resumed run draws the masks it would have drawn.
static_assert(mix(1, 2, 3, 4) == 0x721ecf4652971cfc);
static_assert(mix(0, 0, 0, 0) == 0x238275bc38fcbe91);

// Every one of the 256 bits that go in changes every one of the 64 that come out, half of the time. 1000 trials;
// that one of the 16,384 counts is 6.7 standard deviations off has probability 4e-7.
TEST(Mix, ChangesHalfOfTheBitsWhenOneBitChanges) {
  constexpr int kTrials = 1000;
  std::array<std::array<int, 64>, 256> changes{};
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    const std::array<std::uint64_t, 4> words = {trial, 3 * trial, trial % 7, trial * trial};
    const std::uint64_t before = mix(words[0], words[1], words[2], words[3]);
    for (std::size_t in = 0; in < 256; ++in) {
      std::array<std::uint64_t, 4> changed = words;
      changed[in / 64] ^= std::uint64_t{1} << (in % 64);
      const std::uint64_t difference = before ^ mix(changed[0], changed[1], changed[2], changed[3]);
      for (std::size_t out = 0; out < 64; ++out) changes[in][out] += static_cast<int>((difference >> out) & 1);
    }
  }
  const double limit = 6.7 * std::sqrt(kTrials) / 2;
  for (std::size_t in = 0; in < 256; ++in) {
    for (std::size_t out = 0; out < 64; ++out) {
      EXPECT_LT(std::abs(changes[in][out] - kTrials / 2), limit) << "bit " << in << " to bit " << out;
    }
  }
}

// 200,000 words of 64 bits: two agree by chance with probability 1e-9.
TEST(Mix, TellsSmallArgumentsApart) {
  std::vector<std::uint64_t> words;
  for (std::uint64_t key = 0; key < 5; ++key) {
    for (std::uint64_t a = 0; a < 20; ++a) {
      for (std::uint64_t b = 0; b < 20; ++b) {
        for (std::uint64_t c = 0; c < 100; ++c) words.push_back(mix(key, a, b, c));
      }
    }
  }
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::adjacent_find(words.begin(), words.end()), words.end());
}

// The mask of a dropout layer: 1000 samples of 256 numbers, kept with probability 0.7. Bounds crossed by chance with
// probability 1e-6 each.
TEST(Mix, KeepsTheRightShareOfNumbersIndependently) {
  constexpr int kSamples = 1000;
  constexpr int kNumbers = 256;
  const auto threshold = static_cast<std::uint64_t>(0.7 * 0x1p64);
  const auto kept = [&](int sample, int number) {
    return mix(42, static_cast<std::uint64_t>(sample), 3, static_cast<std::uint64_t>(number)) < threshold ? 1 : 0;
  };
  double count = 0;
  double with_neighbour = 0;
  double with_next_sample = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    for (int number = 0; number < kNumbers; ++number) {
      const int here = kept(sample, number);
      count += here;
      with_neighbour += (here - 0.7) * (kept(sample, number + 1) - 0.7);
      with_next_sample += (here - 0.7) * (kept(sample + 1, number) - 0.7);
    }
  }
  const double n = kSamples * kNumbers;
  EXPECT_LT(std::abs(count - 0.7 * n), 4.9 * std::sqrt(n * 0.21));
  EXPECT_LT(std::abs(with_neighbour), 4.9 * 0.21 * std::sqrt(n));
  EXPECT_LT(std::abs(with_next_sample), 4.9 * 0.21 * std::sqrt(n));
}

}  // namespace
}  // namespace dpml
