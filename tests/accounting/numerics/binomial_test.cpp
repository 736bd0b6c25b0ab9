#include "numerics/binomial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace dpml::numerics {
namespace {

/// log P(X = k), by the gamma function.
long double log_probability_twin(int n, int k, double p) {
  const long double ways = std::lgamma(n + 1.0L) - std::lgamma(k + 1.0L) - std::lgamma(n - k + 1.0L);
  const auto chance = static_cast<long double>(p);
  return ways + k * std::log(chance) + (n - k) * std::log1p(-chance);
}

TEST(Binomial, ProbabilitiesAreRightToTheirLastDigits) {
  for (int n : {1, 2, 9, 15, 16, 17, 40, 300, 5000}) {
    for (double p : {1e-300, 1e-5, 0.01, 0.3, 0.5, 0.9, 0.999}) {
      for (int k = 0; k <= n; k += 1 + n / 100) {
        const double truth = static_cast<double>(log_probability_twin(n, k, p));
        EXPECT_NEAR(log_binomial_probability(n, k, p, 1 - p), truth, 2e-13 * (1 + std::fabs(truth)))
            << n << " " << p << " " << k;
      }
    }
  }
}

TEST(Binomial, ProbabilitiesKeepTheirDigitsWithManyTrials) {
  // p = 1/2: Stirling's series in j, of which what is left out is below 1e-13.
  for (double n : {1e12, 1e15}) {
    for (double deviations : {-6.0, -1.0, 0.0, 0.3, 2.0, 9.0}) {
      const double j = std::round(deviations * 0.5 * std::sqrt(n));
      const double square = j / n * j;
      const double truth =
          0.5 * std::log(2 / (std::numbers::pi * n)) - 2 * square - 4 * square * square / (3 * n) + 2 * square / n;
      EXPECT_NEAR(log_binomial_probability(n, n / 2 + j, 0.5, 0.5), truth, 1e-13 * (1 - truth)) << n << " " << j;
    }
  }
}

TEST(Binomial, TailsEncloseTheSumOfProbabilities) {
  for (int n : {1, 2, 9, 40, 300, 5000}) {
    for (double p : {1e-5, 0.01, 0.3, 0.9}) {
      // Each from its own side, so that neither is a difference.
      std::vector<long double> above(static_cast<std::size_t>(n) + 2, 0);
      std::vector<long double> below(static_cast<std::size_t>(n) + 2, 0);
      for (int k = n; k >= 0; --k) {
        const auto at = static_cast<std::size_t>(k);
        above[at] = above[at + 1] + std::exp(log_probability_twin(n, k, p));
      }
      for (int k = 0; k <= n; ++k) {
        const auto at = static_cast<std::size_t>(k);
        below[at + 1] = below[at] + std::exp(log_probability_twin(n, k, p));
      }
      for (int k = 0; k <= n; k += 1 + n / 50) {
        const auto at = static_cast<std::size_t>(k);
        if (above[at] < 1e-4900L) continue;  // the twin underflows
        const double truth = static_cast<double>(above[at] < 0.5 ? std::log(above[at]) : std::log1p(-below[at]));
        const Interval found = log_binomial_tail(n, k, p, 1 - p);
        EXPECT_LE(found.lower, truth) << n << " " << p << " " << k;
        EXPECT_GE(found.upper, truth) << n << " " << p << " " << k;
        EXPECT_LE(found.upper - found.lower, 1e-11 * (1 - truth)) << n << " " << p << " " << k;
      }
      EXPECT_EQ(log_binomial_tail(n, n + 1.0, p, 1 - p).upper, -INFINITY);
      EXPECT_EQ(log_binomial_tail(n, 0, p, 1 - p).lower, 0);
    }
  }
}

TEST(Binomial, TailsOfManyTrialsAreClosedByAGeometricSum) {
  // More than a million terms matter: against the normal tail, whose correction for the lattice is below 1e-6.
  const double n = 1e14;
  const double deviations = 2;
  const double normal = std::log(0.5 * std::erfc(deviations / std::sqrt(2.0)));
  const Interval found = log_binomial_tail(n, n / 2 + deviations * 0.5 * std::sqrt(n), 0.5, 0.5);
  EXPECT_LE(found.lower, normal);
  EXPECT_GE(found.upper, normal);
  EXPECT_LE(found.upper, normal + 0.3);
  const Interval other = log_binomial_tail(n, n / 2 - deviations * 0.5 * std::sqrt(n), 0.5, 0.5);
  EXPECT_LE(other.lower, std::log1p(-std::exp(normal)));
  EXPECT_GE(other.upper, std::log1p(-std::exp(normal)));
}

TEST(Binomial, KnowsTheEnds) {
  EXPECT_EQ(log_binomial_probability(7, 0, 0, 1), 0);
  EXPECT_EQ(log_binomial_probability(7, 7, 1, 0), 0);
  EXPECT_EQ(log_binomial_probability(7, 6, 1, 0), -INFINITY);
  EXPECT_EQ(log_binomial_tail(7, 7, 1, 0).lower, 0);
  EXPECT_EQ(log_binomial_tail(7, 1, 0, 1).upper, -INFINITY);
}

}  // namespace
}  // namespace dpml::numerics
