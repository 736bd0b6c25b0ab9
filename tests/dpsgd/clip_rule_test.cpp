#include "dpml/dpsgd/clip_rule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "dpml/random/rng.h"

namespace dpml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr double kOnePlusSlack = 1 + ClipRule::kRoundingSlack;  // exact

/// weight (1 + slack) sqrt(squared_norm) <= clip_bound without any rounding: both squares are compared as rounded
/// product and remainder. A float's square is exact, and so is its product with the square of 1 + slack.
bool stays_within(float weight, double squared_norm, double clip_bound) {
  const long double a = static_cast<long double>(weight) * static_cast<long double>(weight) *
                        (static_cast<long double>(kOnePlusSlack) * static_cast<long double>(kOnePlusSlack));
  const long double b = squared_norm;
  const long double c = clip_bound;
  const long double left = a * b;
  const long double right = c * c;
  if (left != right) return left < right;
  return std::fma(a, b, -left) <= std::fma(c, c, -right);
}

double log_uniform(Rng& rng, double low, double high) {
  return std::pow(10.0, rng.uniform(low, high));
}

TEST(ClipRule, NeverLetsAGradientBeLongerThanTheBound) {
  Rng rng(Key::from_seed(1), Purpose::data);
  for (int i = 0; i < 200000; ++i) {
    const double clip_bound = log_uniform(rng, -6, 6);
    const double squared_norm = log_uniform(rng, -20, 20);
    const float weight = ClipRule::flat(clip_bound).weight(squared_norm);
    ASSERT_TRUE(stays_within(weight, squared_norm, clip_bound)) << squared_norm << ", bound " << clip_bound;
    const double wanted = std::min(1.0, clip_bound / kOnePlusSlack / std::sqrt(squared_norm));
    ASSERT_LE(weight, 1);
    ASSERT_GE(weight, wanted * (1 - 2e-7)) << squared_norm << ", bound " << clip_bound;
  }
}

TEST(ClipRule, HoldsAtTheBoundItself) {
  Rng rng(Key::from_seed(2), Purpose::data);
  for (int i = 0; i < 20000; ++i) {
    const double clip_bound = log_uniform(rng, -6, 6);
    const double longest = clip_bound / kOnePlusSlack;
    double squared_norm = longest * longest;
    for (int down = 0; down < 4; ++down) squared_norm = std::nextafter(squared_norm, 0.0);
    for (int step = 0; step < 8; ++step, squared_norm = std::nextafter(squared_norm, kInfinity)) {
      const float weight = ClipRule::flat(clip_bound).weight(squared_norm);
      ASSERT_TRUE(stays_within(weight, squared_norm, clip_bound)) << squared_norm << ", bound " << clip_bound;
      ASSERT_GE(weight, 1 - 2e-7F);
    }
  }
}

TEST(ClipRule, HoldsForExtremeNormsAndBounds) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double huge = std::numeric_limits<double>::max();
  for (const double clip_bound : {1e-30, 1e-15, 1e-3, 1.0, 1e3, 1e15, 1e30}) {
    for (const double squared_norm : {0.0, tiny, 1e-308, 1e-90, 1e-30, 1e-5, 1.0, 1e5, 1e30, 1e76, 1e90, 1e308, huge}) {
      const float weight = ClipRule::flat(clip_bound).weight(squared_norm);
      EXPECT_GE(weight, 0);
      EXPECT_LE(weight, 1);
      EXPECT_TRUE(stays_within(weight, squared_norm, clip_bound)) << squared_norm << ", bound " << clip_bound;
    }
  }
}

TEST(ClipRule, LeavesShortGradientsAsTheyAre) {
  EXPECT_EQ(ClipRule::flat(2).weight(0), 1);
  EXPECT_EQ(ClipRule::flat(2).weight(3.98), 1);
  EXPECT_FLOAT_EQ(ClipRule::flat(2).weight(16), static_cast<float>(0.5 / kOnePlusSlack));
}

TEST(ClipRule, GivesWeightZeroToWhatIsNotFinite) {
  for (const double clip_bound : {1e-3, 1.0, 1e30, kInfinity}) {
    EXPECT_EQ(ClipRule::flat(clip_bound).weight(kInfinity), 0);
    EXPECT_EQ(ClipRule::flat(clip_bound).weight(kNaN), 0);
    EXPECT_EQ(ClipRule::flat(clip_bound).weight(-kNaN), 0);
  }
}

TEST(ClipRule, WithoutABoundNobodyNeedsNorms) {
  EXPECT_FALSE(ClipRule::flat(kInfinity).needs_norms());
  EXPECT_EQ(ClipRule::flat(kInfinity).weight(1e300), 1);
  EXPECT_TRUE(ClipRule::flat(1e30).needs_norms());
}

TEST(ClipRule, RefusesABoundThatIsNoLength) {
  for (const double clip_bound : {0.0, -0.0, -1.0, -kInfinity, kNaN})
    EXPECT_THROW(ClipRule::flat(clip_bound), ConfigError);
}

TEST(ClipRule, RefusesABoundThatFloatGradientsCannotKeep) {
  for (const double clip_bound :
       {1e-42, 1e-31, std::nextafter(1e-30, 0.0), std::nextafter(1e30, kInfinity), 1e38, 1e308}) {
    expect_error<ConfigError>("expected a length from 1e-30 to 1e30", [&] { ClipRule::flat(clip_bound); });
  }
  for (const double clip_bound : {1e-30, 1e30, kInfinity}) EXPECT_NO_THROW(ClipRule::flat(clip_bound));
}

}  // namespace
}  // namespace dpml
