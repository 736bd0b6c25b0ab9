#include "dpml/accounting/optimal_composition.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "dpml/base/error.h"
#include "reference_cases.h"

namespace dpml::closed_forms {
namespace {

/// The sum over all l, as the theorem has it, in long double.
double slow_delta(double epsilon0, double delta0, int count, double epsilon) {
  long double sum = 0;
  const long double p = 1 / (1 + std::exp(static_cast<long double>(epsilon0)));
  for (int l = 0; l <= count; ++l) {
    const long double weight = 1 - std::exp(epsilon - (count - 2 * l) * static_cast<long double>(epsilon0));
    if (weight <= 0) continue;
    const long double log_chance = std::lgamma(count + 1.0L) - std::lgamma(l + 1.0L) - std::lgamma(count - l + 1.0L) +
                                   l * std::log(p) + (count - l) * std::log1p(-p);
    sum += weight * std::exp(log_chance);
  }
  return static_cast<double>(1 - std::pow(1 - static_cast<long double>(delta0), count) * (1 - sum));
}

TEST(PureComposition, AgreesWithReference) {
  const json one = reference_case("dev-kov-01");
  const std::vector<double> epsilons = numbers_at(one, "/inputs/epsilons");
  const std::vector<double> deltas = numbers_at(one, "/expected/deltas");
  for (std::size_t i = 0; i < epsilons.size(); ++i) {
    const Interval ours = pure_composition_delta(0.1, 0, 100, epsilons[i]);
    // At 10 theirs is 0 for a hundred times one tenth; the double 0.1 is a little more than that.
    EXPECT_NEAR(ours.upper, deltas[i], 1e-9 * deltas[i] + 1e-43) << epsilons[i];
    EXPECT_NEAR(ours.lower, deltas[i], 1e-9 * deltas[i] + 1e-43) << epsilons[i];
  }
}

TEST(PureComposition, AgreesWithTheWholeSum) {
  std::mt19937_64 draw(71);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 500; ++i) {
    const double epsilon0 = std::pow(10, -3 + 3.5 * uniform(draw));
    const double delta0 = i % 2 == 0 ? 0 : std::pow(10, -6 * uniform(draw)) / 3;
    const int count = 1 + static_cast<int>(std::pow(10, 3 * uniform(draw)));
    const double epsilon = count * epsilon0 * std::pow(uniform(draw), 2);
    const double slow = slow_delta(epsilon0, delta0, count, epsilon);
    const Interval fast = pure_composition_delta(epsilon0, delta0, static_cast<std::uint64_t>(count), epsilon);
    EXPECT_LE(fast.lower, fast.upper);
    EXPECT_NEAR(fast.upper, slow, 1e-10 * slow + 1e-16) << epsilon0 << " " << delta0 << " " << count << " " << epsilon;
    EXPECT_NEAR(fast.lower, slow, 1e-10 * slow + 1e-16) << epsilon0 << " " << delta0 << " " << count << " " << epsilon;
  }
}

TEST(PureComposition, OfOneMechanismIsItsOwnClaim) {
  EXPECT_NEAR(pure_composition_delta(0.7, 1e-3, 1, 0.7).upper, 1e-3, 1e-15);
  EXPECT_NEAR(pure_composition_epsilon(0.7, 1e-3, 1, 1e-3 + 1e-15).upper, 0.7, 1e-9);
  EXPECT_TRUE(std::isinf(pure_composition_epsilon(0.7, 1e-3, 1, 0.9e-3).lower));
  EXPECT_EQ(pure_composition_delta(0.7, 0, 0, 0).upper, 0);
  EXPECT_EQ(pure_composition_delta(0, 0, 1000, 0).upper, 0);
  EXPECT_NEAR(pure_composition_delta(0, 1e-3, 2, 0).upper, 1 - 0.999 * 0.999, 1e-15);
}

TEST(PureComposition, SolvesForEpsilonOutwards) {
  for (double delta : {1e-300, 1e-12, 1e-3, 0.3}) {
    for (std::uint64_t count : {3u, 100u, 100'000u}) {
      const Interval epsilon = pure_composition_epsilon(0.05, 0, count, delta);
      EXPECT_LE(epsilon.lower, epsilon.upper);
      EXPECT_LE(pure_composition_delta(0.05, 0, count, epsilon.upper).upper, delta);
      EXPECT_NEAR(epsilon.lower, epsilon.upper, 1e-9 * epsilon.upper);
      EXPECT_LE(epsilon.upper, 0.05 * static_cast<double>(count) * (1 + 1e-12));
    }
  }
}

TEST(PureComposition, OfAHundredMillionTendsToTheGaussianLimit) {
  // The loss of each is +-epsilon0, with mean epsilon0 tanh(epsilon0 / 2): near N(mu^2 / 2, mu^2) with
  // mu = epsilon0 sqrt(count), here 1; a lattice of 1e-4 changes delta by about that.
  const Interval delta = pure_composition_delta(1e-4, 0, 100'000'000, 1);
  const double gaussian = 0.12693673750664394;  // Phi(-1/2) - e Phi(-3/2)
  EXPECT_NEAR(delta.upper, gaussian, 1e-4);
  EXPECT_LT(delta.upper - delta.lower, 1e-9);
  EXPECT_LT(pure_composition_delta(10, 0, 100'000'000, 1).lower, 1);
}

TEST(PureComposition, RefusesNumbersOutOfRange) {
  EXPECT_THROW(pure_composition_delta(-1, 0, 1, 1), ConfigError);
  EXPECT_THROW(pure_composition_delta(1, 1.5, 1, 1), ConfigError);
  EXPECT_THROW(pure_composition_delta(1, 0, 1, std::nan("")), ConfigError);
  EXPECT_THROW(pure_composition_epsilon(1, 0, 1, 1), ConfigError);
  EXPECT_THROW(pure_composition_delta(1, 0, 20'000'000'000, 1), ConfigError);
}

}  // namespace
}  // namespace dpml::closed_forms
