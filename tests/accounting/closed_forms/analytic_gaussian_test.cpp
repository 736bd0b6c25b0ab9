#include "dpml/accounting/analytic_gaussian.h"

#include <gtest/gtest.h>

#include <random>

#include "dpml/base/error.h"
#include "reference_cases.h"
#include "short_names.h"

namespace dpml::closed_forms {
namespace {

/// log(delta) from delta / density(a) = int_0^inf exp(-a y - y^2 / 2) (1 - exp(-mu y)) dy, whose integrand is never
/// negative: a trapezoid sum over log y in long double, which converges exponentially.
long double log_delta_by_trapezoids(long double mu, long double epsilon) {
  const long double a = epsilon / mu - mu / 2;
  const long double step = 1.0L / 32;
  long double sum = 0;
  for (long double t = -60; t < 12; t += step) {
    const long double y = std::exp(t);
    sum += std::exp(-a * y - y * y / 2) * -std::expm1(-mu * y) * y;
  }
  return -a * a / 2 - std::log(2 * std::acos(-1.0L)) / 2 + std::log(sum * step);
}

TEST(AnalyticGaussian, HoldsTheTrapezoidSumInItsIntervals) {
  std::mt19937_64 draw(31);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 1500; ++i) {
    const double mu = std::pow(10, -6 + 8 * uniform(draw));
    // Between 8 standard deviations below the mean of the privacy loss and 60 above.
    const double epsilon = std::max(0.0, mu * (0.5 * mu + 68 * uniform(draw) - 8));
    const long double slow = log_delta_by_trapezoids(mu, epsilon);
    const Interval fast = gaussian_log_delta(mu, epsilon);
    const auto rounding = 1e-17L * (1 + std::fabs(slow));
    EXPECT_LE(fast.lower, slow + rounding) << "mu " << mu << " epsilon " << epsilon;
    EXPECT_GE(fast.upper, slow - rounding) << "mu " << mu << " epsilon " << epsilon;
    if (slow > -700) {
      EXPECT_LT(fast.upper - fast.lower, 1e-7) << "mu " << mu << " epsilon " << epsilon;
    }
  }
}

TEST(AnalyticGaussian, AgreesWithReference) {
  const std::vector<json> cases = reference_cases("analytic_gaussian");
  EXPECT_EQ(cases.size(), 6u);
  for (const json& one : cases) {
    const json& given = one.at("inputs");
    if (!given.contains("sigma")) {
      const double ours = gaussian_noise_multiplier(given.at("epsilon"), given.at("delta"));
      EXPECT_NEAR(ours / number_at(one, "/expected/sigma"), 1, 1e-10) << one.at("id");
    } else if (!given.contains("epsilon")) {
      const Interval ours = gaussian_epsilon(1 / number_at(one, "/inputs/sigma"), given.at("delta"));
      EXPECT_NEAR(ours.upper / number_at(one, "/expected/epsilon"), 1, 1e-10) << one.at("id");
      EXPECT_NEAR(ours.lower / number_at(one, "/expected/epsilon"), 1, 1e-10) << one.at("id");
    } else {
      const double mu = 1 / number_at(one, "/inputs/sigma");
      EXPECT_NEAR(gaussian_delta(mu, given.at("epsilon")).upper / number_at(one, "/expected/delta"), 1, 1e-10);
      EXPECT_NEAR(
          gaussian_log_delta(mu, given.at("epsilon")).upper / std::log(10) / number_at(one, "/expected/log10_delta"), 1,
          1e-12);
    }
  }
}

TEST(AnalyticGaussian, SolvesForEpsilonAndMuOutwards) {
  std::mt19937_64 draw(32);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 3000; ++i) {
    const double mu = std::pow(10, -6 + 8 * uniform(draw));
    const double delta = std::pow(10, -300 * std::pow(uniform(draw), 3)) * 0.999;
    const Interval epsilon = gaussian_epsilon(mu, delta);
    EXPECT_LE(epsilon.lower, epsilon.upper);
    EXPECT_LE(gaussian_delta(mu, epsilon.upper).upper, delta * (1 + 1e-12)) << "mu " << mu << " delta " << delta;
    if (epsilon.lower > 0) {
      EXPECT_GE(gaussian_delta(mu, epsilon.lower).upper, delta * (1 - 1e-12)) << "mu " << mu << " delta " << delta;
    }
    const double wanted = std::pow(10, -5 + 9 * uniform(draw));
    const Interval most = gaussian_mu(wanted, delta);
    EXPECT_LE(most.lower, most.upper);
    EXPECT_LE(gaussian_delta(most.lower, wanted).upper, delta * (1 + 1e-12)) << wanted << " delta " << delta;
    EXPECT_GE(gaussian_delta(most.upper, wanted).upper, delta * (1 - 1e-12)) << wanted << " delta " << delta;
    EXPECT_NEAR(most.lower / most.upper, 1, 1e-9) << "epsilon " << wanted << " delta " << delta;
  }
}

TEST(AnalyticGaussian, KnowsTheEnds) {
  EXPECT_EQ(gaussian_epsilon(0, 0).upper, 0);
  EXPECT_EQ(gaussian_epsilon(1, 0).lower, kInfinity);
  EXPECT_EQ(gaussian_epsilon(kInfinity, 0.5).lower, kInfinity);
  EXPECT_EQ(gaussian_epsilon(1, 0.999).upper, 0);
  EXPECT_EQ(gaussian_delta(1, kInfinity).upper, 0);
  EXPECT_EQ(gaussian_delta(0, 0).upper, 0);
  EXPECT_EQ(gaussian_delta(kInfinity, 3).lower, 1);
  EXPECT_GT(gaussian_delta(0.001, 100).upper, 0) << "too small for a double, but not 0";
  EXPECT_EQ(gaussian_delta(0.001, 100).lower, 0);
  // Total variation of N(0) and N(mu): erf(mu / sqrt(8)).
  EXPECT_NEAR(gaussian_delta(0.3, 0).upper, std::erf(0.3 / std::sqrt(8.0)), 1e-14);
}

TEST(AnalyticGaussian, RefusesNumbersOutOfRange) {
  const double nan = std::nan("");
  EXPECT_THROW(gaussian_log_delta(-1, 1), ConfigError);
  EXPECT_THROW(gaussian_log_delta(nan, 1), ConfigError);
  EXPECT_THROW(gaussian_delta(1, -1), ConfigError);
  EXPECT_THROW(gaussian_epsilon(1, 1), ConfigError);
  EXPECT_THROW(gaussian_mu(1, 0), ConfigError);
  EXPECT_THROW(gaussian_mu(kInfinity, 0.5), ConfigError);
  EXPECT_THROW(gaussian_noise_multiplier(1, 0.5, 0), ConfigError);
}

}  // namespace
}  // namespace dpml::closed_forms
