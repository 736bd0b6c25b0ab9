#include "dpml/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dpml {
namespace {

std::vector<double> factors(const ScheduleOptions& schedule, std::uint64_t total_steps) {
  std::vector<double> all;
  for (std::uint64_t step = 0; step < total_steps; ++step) {
    all.push_back(learning_rate_factor(schedule, step, total_steps));
  }
  return all;
}

void expect_factors(const ScheduleOptions& schedule, const std::vector<double>& expected) {
  const std::vector<double> got = factors(schedule, expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << "step " << i;
}

TEST(LearningRateFactor, ConstantStaysOne) {
  expect_factors({}, {1, 1, 1});
}

TEST(LearningRateFactor, WarmUpRisesInEqualStepsToOne) {
  expect_factors({.warmup_steps = 4}, {0.25, 0.5, 0.75, 1, 1, 1});
  expect_factors({.warmup_steps = 1}, {1, 1});
}

TEST(LearningRateFactor, StepFallsByAFactorAfterEveryFewSteps) {
  expect_factors({.kind = ScheduleKind::step, .step_every = 2, .step_factor = 0.5}, {1, 1, 0.5, 0.5, 0.25, 0.25});
}

TEST(LearningRateFactor, StepCountsFromTheEndOfTheWarmUp) {
  expect_factors({.kind = ScheduleKind::step, .warmup_steps = 3, .step_every = 2, .step_factor = 0.1},
                 {1. / 3, 2. / 3, 1, 1, 1, 0.1, 0.1, 0.01});
}

TEST(LearningRateFactor, CosineGoesFromOneToTheFinalFactorInTheLastStep) {
  expect_factors({.kind = ScheduleKind::cosine}, {1, 0.5 + std::sqrt(0.125), 0.5, 0.5 - std::sqrt(0.125), 0});
  expect_factors({.kind = ScheduleKind::cosine, .final_factor = 0.2}, {1, 0.6, 0.2});
}

TEST(LearningRateFactor, CosineCountsFromTheEndOfTheWarmUp) {
  expect_factors({.kind = ScheduleKind::cosine, .warmup_steps = 2}, {0.5, 1, 1, 0.5, 0});
}

TEST(LearningRateFactor, StaysAtItsEndInStepsBeyondTheStatedOnes) {
  EXPECT_NEAR(learning_rate_factor({.kind = ScheduleKind::cosine, .final_factor = 0.1}, 50, 10), 0.1, 1e-12);
  EXPECT_EQ(learning_rate_factor({}, 50, 10), 1);
}

TEST(LearningRateFactor, OneStepIsTakenAtFullRate) {
  EXPECT_EQ(learning_rate_factor({.kind = ScheduleKind::cosine}, 0, 1), 1);
  EXPECT_EQ(learning_rate_factor({.kind = ScheduleKind::step, .step_every = 1}, 0, 1), 1);
}

TEST(LearningRateFactor, WarmUpMayBeLongerThanTheRun) {
  expect_factors({.kind = ScheduleKind::cosine, .warmup_steps = 8}, {0.125, 0.25, 0.375});
}

}  // namespace
}  // namespace dpml
