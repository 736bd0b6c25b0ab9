#include "dpml/audit/spent.h"

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "train/small_run.h"

namespace dpml {
namespace {

bool tells(const Spent& spent, const std::string& part) {
  for (const std::string& note : spent.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

/// Short runs on the same data.
class SpentTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    example_ = new RunExample;
    for (const char* name : {"first", "second"}) example_->run(name, {"privacy.steps=3"});
  }
  static void TearDownTestSuite() {
    delete example_;
    example_ = nullptr;
  }

  static std::filesystem::path run(const std::string& name, const std::vector<std::string>& overrides) {
    std::vector<std::string> all = {"privacy.steps=3"};
    all.insert(all.end(), overrides.begin(), overrides.end());
    example_->run(name, all);
    return *example_ / name;
  }

  static Ledger ledger_of(const std::string& name) {
    return read_stored_model((*example_ / name / "model.h5").string()).model.ledger;
  }

  static RunExample* example_;
};

RunExample* SpentTest::example_ = nullptr;

TEST_F(SpentTest, IsTheLedgersOfAllRuns) {
  Ledger both = ledger_of("first");
  append_ledger(ledger_of("second"), "second", both);
  const Spent spent = spent_together({*example_ / "first", *example_ / "second" / "model.h5"});
  EXPECT_EQ(spent.ledger, both);
  EXPECT_TRUE(tells(spent, "same data and the same unit (one row)"));
  EXPECT_TRUE(tells(spent, "fixed before the first of them began"));
}

TEST_F(SpentTest, CountsARunOnceHoweverOftenItIsNamed) {
  const Spent spent = spent_together({*example_ / "first", *example_ / "first" / "model.h5"});
  EXPECT_EQ(spent.ledger, ledger_of("first"));
  EXPECT_FALSE(tells(spent, "fixed before"));
}

TEST_F(SpentTest, CountsWhatARunCarriesAlongButNotTwice) {
  const std::filesystem::path next = run("next", {"privacy.initial_weights=SAME_PEOPLE", "privacy.target_epsilon=20",
                                                  "runtime.initial_model=" + (*example_ / "first").string()});
  const Spent alone = spent_together({next});
  EXPECT_EQ(alone.ledger.releases(), 6u);
  EXPECT_EQ(spent_together({*example_ / "first", next}).ledger.releases(), 6u);
}

TEST_F(SpentTest, CountsARunThatIsCarriedWithAnotherChargeThanItsOwn) {
  const std::filesystem::path honest =
      run("carries", {"privacy.initial_weights=SAME_PEOPLE", "privacy.target_epsilon=20",
                      "runtime.initial_model=" + (*example_ / "first").string()});
  ModelFile model = read_model_file(honest / "model.h5");
  ASSERT_EQ(model.earlier_runs.size(), 1u);
  Ledger less(model.ledger.neighbours());
  less.append(model.earlier_runs.front().charged.entries().front().event, 1);
  model.earlier_runs.front().charged = less;
  const std::filesystem::path forged = *example_ / "forged.h5";
  write_model_file(forged, model);

  const std::filesystem::path first = *example_ / "first";
  EXPECT_EQ(spent_together({forged, first}).ledger.releases(), 3u + 1u + 3u);
  EXPECT_EQ(spent_together({first, forged}).ledger.releases(), 3u + 1u + 3u);
}

TEST_F(SpentTest, LeavesOutRunsAboutOtherPeople) {
  const Spent spent = spent_together({run("disjoint", {"privacy.initial_weights=DISJOINT_PEOPLE",
                                                       "runtime.initial_model=" + (*example_ / "first").string()})});
  EXPECT_EQ(spent.ledger.releases(), 3u);
  EXPECT_TRUE(tells(spent, "other people, who are no part of this"));
}

TEST_F(SpentTest, IsInfiniteWhereARunCanClaimNothing) {
  const Ledger seeded = spent_together({run("seeded", {"privacy.seed=1"})}).ledger;
  EXPECT_EQ(seeded.entries().back().event, Event(NonPrivate{}));
  const Spent unknown = spent_together(
      {run("unknown", {"privacy.initial_weights=UNKNOWN", "runtime.initial_model=" + (*example_ / "first").string()})});
  EXPECT_EQ(unknown.ledger.entries().back().event, Event(NonPrivate{}));
  EXPECT_TRUE(tells(unknown, "not stated whose data"));
}

TEST_F(SpentTest, TellsOfAChosenSeed) {
  EXPECT_TRUE(tells(spent_together({run("chosen", {"privacy.seed=1"})}), "chosen seed"));
}

TEST_F(SpentTest, RefusesWhatHasNoEpsilonInCommon) {
  const std::filesystem::path unit = run("unit", {"privacy.unit=one person"});
  expect_error<ConfigError>("\"one person\", but \"one row\" came before", [&] {
    spent_together({*example_ / "first", unit});
  });
  const std::filesystem::path other = run("other", {"privacy.neighbours=ZERO_OUT"});
  expect_error<ConfigError>("cannot be added up", [&] { spent_together({*example_ / "first", other}); });
  expect_error<ConfigError>("no run is named", [] { spent_together({}); });
  expect_error<FileError>("nothing", [] { spent_together({*example_ / "nothing"}); });
}

}  // namespace
}  // namespace dpml
