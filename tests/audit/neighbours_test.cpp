#include "dpml/audit/neighbours.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "dpml/base/error.h"

namespace dpml {
namespace {

// Seen to fail with products by oneDNN (4 of 1,000 pairs, up to 13 clip bounds) and without the slack of ClipRule.
TEST(Neighbours, OneRecordMovesTheSumByAtMostTheClipBound) {
  int seen = 0;
  int moved = 0;
  std::string models;
  const NeighbourReport report = test_neighbours({.trials = 1000, .seed = 3}, [&](const NeighbourTrial& trial) {
    ++seen;
    models += ", " + trial.model;
    moved += trial.moved > 0.99 ? 1 : 0;
    EXPECT_TRUE(trial.holds()) << trial.moved << " with " << trial.rows << " rows; " << trial.model << "; "
                               << trial.records;
  });
  EXPECT_EQ(seen, 1000);
  EXPECT_EQ(report.trials, 1000);
  EXPECT_EQ(report.failed, 0);
  EXPECT_GT(moved, 300) << "records that are not clipped show little";
  for (const char* layer : {"linear",
                            "conv 3x3",
                            "max pool",
                            "average pool",
                            "embedding",
                            "group norm",
                            "layer norm",
                            "dropout",
                            "residual",
                            "flatten",
                            ", relu",
                            "leaky relu",
                            "tanh",
                            "gelu",
                            "sigmoid",
                            "softmax",
                            "prelu",
                            "attention",
                            "lstm",
                            "gru",
                            "embedding bag",
                            "with padding",
                            "transposed conv 3x2",
                            "padded conv 2x3",
                            "max pool 2x3",
                            "adaptive average pool",
                            "adaptive max pool",
                            "instance norm",
                            "conv 3 along",
                            "transposed conv 3 along",
                            "rms norm",
                            "average pool along"}) {
    EXPECT_NE(models.find(layer), std::string::npos) << layer << " was never tried";
  }
}

TEST(Neighbours, ATrialOfNaNDoesNotHold) {
  EXPECT_TRUE((NeighbourTrial{.moved = 1}.holds()));
  EXPECT_FALSE((NeighbourTrial{.moved = 1.001}.holds()));
  EXPECT_FALSE((NeighbourTrial{.moved = std::numeric_limits<double>::quiet_NaN()}.holds()));
}

TEST(Neighbours, AreTheSameForTheSameSeed) {
  const auto worst = [](std::uint64_t seed) { return test_neighbours({.trials = 20, .seed = seed}).worst; };
  EXPECT_EQ(worst(1).moved, worst(1).moved);
  EXPECT_EQ(worst(1).model, worst(1).model);
  EXPECT_NE(worst(1).records + worst(1).model, worst(2).records + worst(2).model);
  EXPECT_THROW(test_neighbours({.trials = 0}), ConfigError);
}

}  // namespace
}  // namespace dpml
