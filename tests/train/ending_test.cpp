#include <gtest/gtest.h>

#include "dpml/io/checkpoint.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "train/plain_run.h"

// How runs end, and what they may claim for it.

namespace dpml {
namespace {

TEST(Ending, DecidesWhatAStoppedRunClaims) {
  const RunExample example;
  const double plan = example.run("whole", {kPlain}).guarantee.epsilon;
  const RunResult on_releases = stop_after(example, 7, "a", StopBasis::releases);
  EXPECT_EQ(on_releases.ending, Ending::stopped_on_releases);
  EXPECT_EQ(on_releases.guarantee.epsilon, plan);
  const RunResult independent = stop_after(example, 7, "b", StopBasis::nothing);
  EXPECT_EQ(independent.ending, Ending::stopped_independently);
  EXPECT_LT(independent.guarantee.epsilon, plan / 1.5);
  const RunResult figures = stop_after(example, 7, "c", StopBasis::private_figures);
  EXPECT_EQ(figures.ending, Ending::stopped_on_private_figures);
  EXPECT_TRUE(std::isinf(figures.guarantee.epsilon));
  for (const RunResult& result : {on_releases, independent, figures}) EXPECT_FALSE(result.finished);
  EXPECT_EQ(read_model_file(example.folder("a").model()).planned, 30U);
}

TEST(Ending, IsAsBadAsTheWorstStopUntilThePlanIsUsedUp) {
  const RunExample example;
  stop_after(example, 5, "run", StopBasis::private_figures);
  EXPECT_EQ(read_checkpoint(example.folder("run").checkpoint()).stop_basis, StopBasis::private_figures);
  EXPECT_EQ(stop_after(example, 5, "run", StopBasis::nothing, true).ending, Ending::stopped_on_private_figures);
  const RunResult finished = example.resume("run", {kPlain});
  EXPECT_EQ(finished.ending, Ending::finished);
  EXPECT_TRUE(std::isfinite(finished.guarantee.epsilon)) << "the whole plan was paid for";
  stop_after(example, 5, "other", StopBasis::nothing);
  EXPECT_EQ(stop_after(example, 5, "other", StopBasis::releases, true).ending, Ending::stopped_on_releases);
}

TEST(Ending, OfARunThatGoesOnIsNotThatOfItsFirstPart) {
  const RunExample example;
  stop_after(example, 5, "run", StopBasis::releases);
  EXPECT_EQ(read_journal(example.folder("run").journal()).models.size(), 1U);
  example.resume("run", {kPlain});
  const JournalContents journal = read_journal(example.folder("run").journal());
  ASSERT_EQ(journal.models.size(), 2U);
  EXPECT_EQ(journal.models[0].releases, 5U);
  EXPECT_EQ(journal.models[1].releases, 30U);
  EXPECT_EQ(journal.models[1].record, digests_of(read_model_file(example.folder("run").model())).record);
}

}  // namespace
}  // namespace dpml
