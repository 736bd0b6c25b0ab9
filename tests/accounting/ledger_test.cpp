#include "dpml/accounting/ledger.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

Ledger two_phases(Neighbours neighbours = Neighbours::add_or_remove_one) {
  Ledger ledger(neighbours);
  ledger.append(PoissonSampled{0.01, Gaussian{1}}, 100);
  ledger.append(PoissonSampled{0.02, Gaussian{1}}, 50);
  return ledger;
}

/// Remembers what the ledger held when an entry arrived.
class WatchingJournal : public LedgerJournal {
 public:
  explicit WatchingJournal(const Ledger& ledger) : ledger_(ledger) {}
  void record(const Event& event, std::uint64_t count) override {
    entries.push_back({event, count});
    releases_before.push_back(ledger_.releases());
  }
  std::vector<LedgerEntry> entries;
  std::vector<std::uint64_t> releases_before;

 private:
  const Ledger& ledger_;
};

class FullDisk : public LedgerJournal {
 public:
  void record(const Event&, std::uint64_t) override { throw FileError("journal: the disk is full"); }
};

TEST(Ledger, MergesEqualNeighbouringEvents) {
  Ledger ledger(Neighbours::add_or_remove_one);
  for (int i = 0; i < 3; ++i) ledger.append(Gaussian{1});
  ledger.append(Gaussian{2}, 5);
  ledger.append(Gaussian{2}, 4);
  ledger.append(Gaussian{1});
  const std::vector<LedgerEntry> expected = {{Gaussian{1}, 3}, {Gaussian{2}, 9}, {Gaussian{1}, 1}};
  EXPECT_EQ(ledger.entries(), expected);
  EXPECT_EQ(ledger.releases(), 13u);
}

TEST(Ledger, WritesTheJournalBeforeItself) {
  Ledger ledger(Neighbours::replace_one);
  ledger.append(Gaussian{1});
  WatchingJournal journal(ledger);
  ledger.set_journal(&journal);
  ledger.append(Gaussian{1}, 4);
  ledger.append(NonPrivate{});
  const std::vector<LedgerEntry> expected = {{Gaussian{1}, 4}, {NonPrivate{}, 1}};
  EXPECT_EQ(journal.entries, expected);
  EXPECT_EQ(journal.releases_before, (std::vector<std::uint64_t>{1, 5}));
}

TEST(Ledger, HoldsNothingThatTheJournalRefused) {
  Ledger ledger = two_phases();
  FullDisk journal;
  ledger.set_journal(&journal);
  EXPECT_THROW(ledger.append(Gaussian{1}), FileError);
  EXPECT_EQ(ledger, two_phases());
}

TEST(Ledger, CopiesWithoutAndMovesWithItsJournal) {
  Ledger ledger(Neighbours::add_or_remove_one);
  FullDisk journal;
  ledger.set_journal(&journal);
  Ledger what_if = ledger;
  EXPECT_NO_THROW(what_if.append(Gaussian{1}));
  Ledger moved = std::move(ledger);
  EXPECT_THROW(moved.append(Gaussian{1}), FileError);
  ledger = std::move(moved);
  EXPECT_THROW(ledger.append(Gaussian{1}), FileError);
}

TEST(Ledger, ChecksEventsBeforeTheJournalSeesThem) {
  Ledger ledger(Neighbours::add_or_remove_one);
  WatchingJournal journal(ledger);
  ledger.set_journal(&journal);
  EXPECT_THROW(ledger.append(PoissonSampled{2, Gaussian{1}}), ConfigError);
  EXPECT_THROW(ledger.append(Gaussian{-1}, 0), ConfigError);
  ledger.append(Gaussian{1}, 0);
  EXPECT_TRUE(journal.entries.empty());
  EXPECT_EQ(ledger, Ledger(Neighbours::add_or_remove_one));
}

TEST(Ledger, RefusesToLoseCount) {
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(Gaussian{1}, kMost - 1);
  ledger.append(Gaussian{2});
  EXPECT_THROW(ledger.append(Gaussian{1}), PrivacyError);
  EXPECT_THROW(ledger.append(Gaussian{2}, kMost), PrivacyError);
  EXPECT_EQ(ledger.releases(), kMost);
}

TEST(Ledger, HasADigestOfAllThatCounts) {
  std::set<std::string> digests = {two_phases().digest(), two_phases(Neighbours::replace_one).digest(),
                                   Ledger(Neighbours::add_or_remove_one).digest()};
  Ledger longer = two_phases();
  longer.append(PoissonSampled{0.02, Gaussian{1}});
  digests.insert(longer.digest());
  Ledger other_order(Neighbours::add_or_remove_one);
  other_order.append(PoissonSampled{0.02, Gaussian{1}}, 50);
  other_order.append(PoissonSampled{0.01, Gaussian{1}}, 100);
  digests.insert(other_order.digest());
  EXPECT_EQ(digests.size(), 5u);
  EXPECT_EQ(two_phases().digest().size(), 64u);
  EXPECT_EQ(two_phases().digest(), two_phases().digest());
}

TEST(Ledger, HasTheSameDigestHoweverItsCountsArrived) {
  Ledger step_by_step(Neighbours::add_or_remove_one);
  for (int i = 0; i < 100; ++i) step_by_step.append(PoissonSampled{0.01, Gaussian{1}});
  for (int i = 0; i < 50; ++i) step_by_step.append(PoissonSampled{0.02, Gaussian{1}});
  EXPECT_EQ(step_by_step, two_phases());
  EXPECT_EQ(step_by_step.digest(), two_phases().digest());
}

TEST(Ledger, AppendsAnotherOneInOrderThatAboutTheSameNeighbours) {
  Ledger whole(Neighbours::zero_out);
  whole.append(Gaussian{1}, 2);
  Ledger other(Neighbours::zero_out);
  other.append(Gaussian{1}, 3);
  other.append(Laplace{2});
  whole.append(other);
  EXPECT_EQ(whole.entries(), (std::vector<LedgerEntry>{{Gaussian{1}, 5}, {Laplace{2}, 1}}));
  whole.append(whole);
  EXPECT_EQ(whole.releases(), 12u);

  Ledger about_others(Neighbours::replace_one);
  about_others.append(Gaussian{1});
  EXPECT_THROW(whole.append(about_others), ConfigError);
  EXPECT_EQ(whole.releases(), 12u);
}

}  // namespace
}  // namespace dpml
