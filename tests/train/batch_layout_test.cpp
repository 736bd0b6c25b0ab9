#include "dpml/train/batch_layout.h"

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "train/small_training.h"

namespace dpml {
namespace {

BatchLayout plan(const Layer& model, const Shape& sample, Index parameters, double expected, Index stated = 0) {
  return plan_batch_layout(model, sample, parameters, expected, stated);
}

TEST(BatchLayout, TakesAStatedPhysicalBatch) {
  const auto model = small_model();
  for (const Index stated : {1, 7, 100000}) {
    EXPECT_EQ(plan(*model, Shape{4}, 58, 256, stated).physical_batch, stated);
  }
  expect_error<ConfigError>("physical batch is -3", [&] { plan(*model, Shape{4}, 58, 256, -3); });
}

TEST(BatchLayout, IsPossibleForAnyPublicNumbers) {
  const auto model = small_model();
  for (const double expected : {1e-9, 0.5, 1.0, 3.0, 256.0, 1e6, 1e18, 1e300}) {
    for (const Index parameters : {Index{0}, Index{58}, Index{1} << 33}) {
      for (const Index stated : {Index{0}, Index{1}, Index{1} << 40}) {
        const BatchLayout layout = plan(*model, Shape{4}, parameters, expected, stated);
        EXPECT_GE(layout.physical_batch, 1);
        EXPECT_GE(layout.lanes, 1);
        EXPECT_LE(layout.lanes, 64);
      }
    }
  }
}

TEST(BatchLayout, NeedsNoMoreLanesThanGroupsAreExpected) {
  const auto model = small_model();
  EXPECT_EQ(plan(*model, Shape{4}, 58, 1).lanes, 1);
  EXPECT_EQ(plan(*model, Shape{4}, 58, 2).lanes, 2);
}

TEST(BatchLayout, HasWorkForSeveralThreadsInASmallBatch) {
  const auto model = small_model();
  const BatchLayout layout = plan(*model, Shape{4}, 58, 64);
  EXPECT_GE(layout.least_groups, 4);
  EXPECT_GE(layout.lanes, 4);
}

TEST(BatchLayout, LetsNothingButThePublicSizeDecideWhoIsAddedUpTogether) {
  const auto model = small_model();
  EXPECT_EQ(plan(*model, Shape{4}, 58, 4096, 1).least_groups,
            plan(*model, Shape{4}, Index{1} << 26, 4096).least_groups);
}

TEST(BatchLayout, GivesLanesTheSameNumberOfGroups) {
  const auto model = small_model();
  EXPECT_EQ(plan(*model, Shape{4}, 58, 1024).lanes, 12);
  EXPECT_EQ(plan(*model, Shape{4}, 58, 2048).lanes, 12);  // of 24 groups
  EXPECT_EQ(plan(*model, Shape{4}, 58, 4096).lanes, 15);  // of 44
}

TEST(BatchLayout, TakesFewerSamplesOfALargerModel) {
  Rng init(Key::from_seed(1), Purpose::initialisation);
  const Linear large({.in = 4, .out = 100000}, init);
  const auto small = small_model();
  EXPECT_LT(plan(large, Shape{4}, 500000, 4096).physical_batch, plan(*small, Shape{4}, 58, 4096).physical_batch);
  EXPECT_LT(plan(*small, Shape{4}, Index{1} << 26, 4096).lanes, plan(*small, Shape{4}, 58, 4096).lanes);
}

TEST(PlannedMemory, DoesNotGrowWithTheLogicalBatchAndGrowsWithTheModel) {
  const auto model = small_model();
  const Index recorded = recorded_numbers_per_sample(*model, Shape{4});
  EXPECT_GE(recorded, 4 + 8 + 8 + 2);
  const auto memory = [&](double expected, Index parameters) {
    return planned_memory(plan(*model, Shape{4}, parameters, expected), recorded, parameters, 1, 2);
  };
  EXPECT_LE(memory(1e9, 58), memory(4096, 58) * 16 / 15) << "16 lanes, and 15";
  EXPECT_GT(memory(4096, 5800), memory(4096, 58));
}

}  // namespace
}  // namespace dpml
