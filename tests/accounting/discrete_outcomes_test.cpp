#include "discrete_outcomes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace dpml::events {
namespace {

void expect_a_pair(const std::vector<DiscreteOutcome>& outcomes, const std::string& what) {
  double p = 0;
  double q = 0;
  for (const DiscreteOutcome& outcome : outcomes) {
    p += outcome.p;
    q += std::exp(outcome.log_q);
    EXPECT_TRUE(std::isfinite(outcome.loss) && std::isfinite(outcome.log_q)) << what;
    if (outcome.p > 1e-300) {
      EXPECT_NEAR(std::log(outcome.p) - outcome.log_q, outcome.loss, 1e-13 * (1 - outcome.log_q)) << what;
    }
  }
  EXPECT_NEAR(p, 1, 1e-13) << what;
  EXPECT_NEAR(q, 1, 1e-13) << what;
}

TEST(DiscreteOutcomes, ArePairsOfDistributionsWithTheLossesTheySay) {
  for (const double epsilon : {0.0, 1e-9, 0.3, 20.0, 5000.0}) {
    expect_a_pair(outcomes_of_pure(epsilon), "pure " + std::to_string(epsilon));
  }
  for (const double noise : {1e-320, 1e-20, 0.3, 1 - 1e-9, 1.0}) {
    for (const std::uint64_t categories : std::vector<std::uint64_t>{2, 3, 1'000'000}) {
      expect_a_pair(outcomes_of(RandomizedResponse{noise, categories}), "randomized_response " + std::to_string(noise));
    }
  }
  for (const double scale : {0.05, 1.0, 12.5, 1e6}) {
    for (const double distance : {1.0, 2.0, 37.0}) {
      expect_a_pair(outcomes_of_discrete_laplace(scale, distance), "discrete_laplace " + std::to_string(scale));
    }
  }
}

TEST(DiscreteOutcomes, OfNoiseOnTheIntegersAreInOrderOfTheLoss) {
  const std::vector<DiscreteOutcome> outcomes = outcomes_of_discrete_laplace(3, 5);
  ASSERT_EQ(outcomes.size(), 6u);
  for (std::size_t i = 1; i < outcomes.size(); ++i) EXPECT_GT(outcomes[i].loss, outcomes[i - 1].loss);
  EXPECT_EQ(outcomes.back().loss, 5.0 / 3);
}

TEST(DiscreteOutcomes, LargestLossIsALogarithmOfOdds) {
  EXPECT_NEAR(largest_loss_of({0.5, 2}), std::log(3.0), 1e-15);
  EXPECT_NEAR(largest_loss_of({1e-320, 4}), std::log(4.0) - std::log(1e-320), 1e-9);
  EXPECT_EQ(largest_loss_of({1, 7}), 0);
}

}  // namespace
}  // namespace dpml::events
