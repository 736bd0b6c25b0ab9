#include "dpml/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "dpml/base/error.h"

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

// PyTorch's formula (torch.optim.lr_scheduler.CosineAnnealingWarmRestarts: n = floor(log(epoch / T_0 * (T_mult - 1) +
// 1, T_mult)), T_cur = epoch - T_0 * (T_mult^n - 1) / (T_mult - 1), T_i = T_0 * T_mult^n), written again in Python,
// with a base rate of 1 and eta_min = final_factor.
TEST(LearningRateFactor, CosineWithWarmRestartsIsThatOfPyTorch) {
  expect_factors({.kind = ScheduleKind::cosine_warm_restarts, .final_factor = 0.1, .t_0 = 3, .t_mult = 2},
                 {1.0, 0.775, 0.325, 1.0, 0.9397114317029974, 0.775, 0.55, 0.325, 0.16028856829700258, 1.0,
                  0.9846666218300807, 0.9397114317029974});
  expect_factors({.kind = ScheduleKind::cosine_warm_restarts, .t_0 = 2}, {1, 0.5, 1, 0.5, 1});
  expect_factors({.kind = ScheduleKind::cosine_warm_restarts, .final_factor = 0.25, .t_0 = 4, .t_mult = 3},
                 {1.0, 0.8901650429449552, 0.625, 0.3598349570550447, 1.0, 0.9872221848584006, 0.9497595264191645,
                  0.8901650429449552, 0.8125, 0.7220571419134453, 0.625, 0.5279428580865548, 0.4375, 0.3598349570550447,
                  0.3002404735808355, 0.2627778151415994, 1.0, 0.9985730117844046});
}

TEST(LearningRateFactor, WarmRestartsCountFromTheEndOfTheWarmUp) {
  expect_factors({.kind = ScheduleKind::cosine_warm_restarts, .warmup_steps = 2, .t_0 = 2}, {0.5, 1, 1, 0.5, 1, 0.5});
}

// 2^50 = 4 modulo 7, and 1 step into the first cycle of 7 * 2^50; with factor 2 the cycles before have 7 (2^47 - 1)
// steps, which leaves 2^50 - 7 (2^47 - 1) = 2^47 + 7 of 7 * 2^47.
TEST(LearningRateFactor, WarmRestartsGoOnForAsLongAsOneLikes) {
  const std::uint64_t far = std::uint64_t{1} << 50;
  const auto factor = [far](std::uint64_t t_mult) {
    return learning_rate_factor({.kind = ScheduleKind::cosine_warm_restarts, .t_0 = 7, .t_mult = t_mult}, far, far);
  };
  const auto half_cosine = [](double progress) { return (1 + std::cos(std::numbers::pi * progress)) / 2; };
  EXPECT_NEAR(factor(1), half_cosine(4.0 / 7), 1e-12);
  EXPECT_NEAR(factor(2), half_cosine(1.0 / 7), 1e-12);
  EXPECT_NEAR(factor(far), half_cosine(1.0 / 7), 1e-12);
}

TEST(LearningRateFactor, IsThatOfASchedulesOwnRules) {
  for (const ScheduleOptions& wrong :
       {ScheduleOptions{.kind = ScheduleKind::step}, ScheduleOptions{.kind = ScheduleKind::cosine_warm_restarts},
        ScheduleOptions{.kind = ScheduleKind::cosine_warm_restarts, .t_0 = 3, .t_mult = 0},
        ScheduleOptions{.kind = ScheduleKind::cosine, .final_factor = 2},
        ScheduleOptions{.warmup_steps = ~std::uint64_t{0}}}) {
    EXPECT_THROW(validate(wrong), ConfigError);
    EXPECT_THROW(learning_rate_factor(wrong, 0, 10), ConfigError);
  }
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
