#include "numerics/rounding.h"

#include <gtest/gtest.h>

#include "dice.h"

namespace dpml::numerics {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();

// Against the same operation in 64 more bits.
TEST(Rounding, IsToTheStatedSideAndNoFurtherThanOneStep) {
  Dice dice(1);
  for (int i = 0; i < 20000; ++i) {
    const double a = (dice.coin() ? 1 : -1) * dice.logarithmic(1e-300, 1e150);
    const double b = dice.logarithmic(1e-300, 1e150);
    const auto x = static_cast<__float128>(a);
    const auto y = static_cast<__float128>(b);
    const auto expect_between = [&](double down, double up, __float128 exact) {
      EXPECT_LE(static_cast<__float128>(down), exact) << a << " " << b;
      EXPECT_GE(static_cast<__float128>(up), exact) << a << " " << b;
      if (std::isinf(up) || std::isinf(down)) return;
      EXPECT_LE(up, std::nextafter(std::nextafter(down, kInfinity), kInfinity)) << a << " " << b;
    };
    expect_between(add_down(a, b), add_up(a, b), x + y);
    expect_between(multiply_down(a, b), multiply_up(a, b), x * y);
    expect_between(divide_down(a, b), divide_up(a, b), x / y);
  }
}

TEST(Rounding, KeepsWhatIsExact) {
  EXPECT_EQ(add_up(0.25, 0.5), 0.75);
  EXPECT_EQ(add_down(0.25, 0.5), 0.75);
  EXPECT_EQ(multiply_up(1, 1e-300), 1e-300);
  EXPECT_EQ(divide_up(1, 4), 0.25);
  EXPECT_EQ(divide_down(1, 4), 0.25);
}

TEST(Rounding, AtTheEndsOfDoubles) {
  EXPECT_EQ(multiply_up(kLargest, 2), kInfinity);
  EXPECT_EQ(multiply_down(kLargest, 2), kLargest);
  EXPECT_EQ(add_down(kLargest, kLargest), kLargest);
  EXPECT_EQ(divide_down(1, kSmallest), kLargest);
  EXPECT_EQ(divide_up(1, kSmallest), kInfinity);
  EXPECT_GT(multiply_up(1e-200, 1e-200), 0);  // not nothing
  EXPECT_EQ(multiply_down(1e-200, 1e-200), 0);
  EXPECT_GT(multiply_up(3, 1e-310), 3e-310 * (1 - 1e-10));
  EXPECT_EQ(multiply_up(kInfinity, 0), 0);  // nothing, however often
  EXPECT_EQ(multiply_down(kInfinity, 2), kInfinity);
}

}  // namespace
}  // namespace dpml::numerics
