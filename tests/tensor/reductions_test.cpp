#include "dpml/tensor/reductions.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Numbers of very different sizes, so that the order of a sum shows in its bits.
std::vector<float> uneven(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = (i % 2 == 0 ? 1.0F : -1.0F) * std::pow(10.0F, static_cast<float>(i * 7 % 11) - 5.0F) / 3.0F;
  }
  return x;
}

TEST(Reductions, AgreeWithPlainLoops) {
  for (const std::size_t count : {0u, 1u, 2u, 15u, 16u, 17u, 64u, 101u}) {
    const std::vector<float> x = uneven(count);
    double sum = 0;
    double squares = 0;
    double size = 0;
    float largest = -std::numeric_limits<float>::infinity();
    for (const float value : x) {
      sum += static_cast<double>(value);
      squares += static_cast<double>(value) * static_cast<double>(value);
      size += std::abs(static_cast<double>(value));
      largest = std::max(largest, value);
    }
    EXPECT_NEAR(sum_of(x), sum, 1e-14 * size);
    EXPECT_NEAR(dot(x, x), squares, 1e-14 * squares);
    EXPECT_EQ(largest_of(x), largest);
  }
}

TEST(Reductions, GiveTheSameBitsWhereverTheNumbersLie) {
  const std::vector<float> x = uneven(77);
  for (std::size_t offset = 0; offset < 33; ++offset) {
    std::vector<float> moved(offset + x.size() + 5, 9.0F);
    std::copy(x.begin(), x.end(), moved.begin() + static_cast<std::ptrdiff_t>(offset));
    const std::span<const float> same = std::span<const float>(moved).subspan(offset, x.size());
    EXPECT_EQ(std::bit_cast<std::uint64_t>(sum_of(x)), std::bit_cast<std::uint64_t>(sum_of(same)));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(dot(x, x)), std::bit_cast<std::uint64_t>(dot(same, same)));
    EXPECT_EQ(largest_of(x), largest_of(same));
  }
}

TEST(Reductions, PassOverNaNForTheLargest) {
  for (std::size_t place = 0; place < 40; ++place) {
    std::vector<float> x = uneven(40);
    x[place] = kNaN;
    x[(place + 1) % 40] = 1e9F;
    EXPECT_EQ(largest_of(x), 1e9F);
  }
  EXPECT_EQ(largest_of(std::vector<float>(20, kNaN)), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(sum_of(std::vector<float>{1.0F, kNaN})));
}

}  // namespace
}  // namespace dpml
