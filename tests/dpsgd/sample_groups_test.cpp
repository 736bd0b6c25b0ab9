#include "dpml/dpsgd/sample_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "dpml/base/error.h"
#include "dpml/random/rng.h"

namespace dpml {
namespace {

using Groups = std::multiset<std::vector<Index>>;

std::vector<DrawnRow> random_batch(Index rows, std::uint64_t seed) {
  Rng rng(Key::from_seed(seed), Purpose::data);
  std::vector<DrawnRow> batch;
  for (Index row = 0; row < rows; ++row) batch.push_back({row, static_cast<std::uint32_t>(rng.below(1ULL << 32))});
  return batch;
}

Groups groups_of(const std::vector<DrawnRow>& batch, Index least_groups) {
  SampleGroups groups;
  groups.form(batch, least_groups);
  Groups all;
  for (Index i = 0; i < groups.count(); ++i) {
    const std::span<const Index> group = groups.group(i);
    all.emplace(group.begin(), group.end());
  }
  return all;
}

TEST(SampleGroups, HoldEveryRowOnceAndNoMoreThanTheLargest) {
  for (const Index rows : {0, 1, 2, 127, 128, 129, 1000, 20000}) {
    for (const Index least : {1, 4, 7, 60}) {
      std::vector<Index> seen;
      for (const std::vector<Index>& group : groups_of(random_batch(rows, 1), least)) {
        EXPECT_GE(std::ssize(group), 1);
        EXPECT_LE(std::ssize(group), SampleGroups::kLargest);
        EXPECT_TRUE(std::is_sorted(group.begin(), group.end())) << "rows of a group keep their order";
        seen.insert(seen.end(), group.begin(), group.end());
      }
      std::sort(seen.begin(), seen.end());
      ASSERT_EQ(std::ssize(seen), rows);
      for (Index row = 0; row < rows; ++row) EXPECT_EQ(seen[static_cast<std::size_t>(row)], row);
    }
  }
}

// The promise that the bound of rounding rests on. 300 batches; every row is taken away in turn from the smaller ones.
TEST(SampleGroups, OneRowMoreChangesOneGroupWhichMayPartInTwo) {
  int parted = 0;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    const Index rows = 100 + static_cast<Index>(trial) * 3;
    const std::vector<DrawnRow> with = random_batch(rows, trial);
    const auto least = static_cast<Index>(1 + trial % 7);
    const Groups before = groups_of(with, least);
    for (Index gone = 0; gone < rows; gone += trial < 20 ? 1 : 97) {
      std::vector<DrawnRow> without = with;
      without.erase(without.begin() + gone);
      const Groups after = groups_of(without, least);
      std::vector<std::vector<Index>> only_before;
      std::vector<std::vector<Index>> only_after;
      std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(only_before));
      std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(only_after));
      ASSERT_LE(only_after.size(), 1U);
      ASSERT_LE(only_before.size(), 2U);
      Index changed = 0;
      for (const std::vector<Index>& group : only_before) changed += std::ssize(group);
      ASSERT_LE(changed, SampleGroups::kLargest + 1);
      parted += only_before.size() == 2 ? 1 : 0;
    }
  }
  EXPECT_GT(parted, 0) << "no group parted, so nothing was seen";
}

TEST(SampleGroups, EqualCoinsEndAsOneGroup) {
  std::vector<DrawnRow> batch(5, DrawnRow{0, 77});
  EXPECT_EQ(groups_of(batch, Index{1} << 31).size(), 1U);
}

TEST(SampleGroups, AreCutByThePublicSize) {
  EXPECT_EQ(SampleGroups::least_groups(1e-9), 1);
  EXPECT_EQ(SampleGroups::least_groups(1), 1);
  EXPECT_EQ(SampleGroups::least_groups(2), 2);
  EXPECT_EQ(SampleGroups::least_groups(16), 4);
  EXPECT_EQ(SampleGroups::least_groups(384), 4);
  EXPECT_EQ(SampleGroups::least_groups(385), 8);
  EXPECT_EQ(SampleGroups::least_groups(1024), 12);
  EXPECT_EQ(SampleGroups::least_groups(4096), 44);
  EXPECT_EQ(SampleGroups::least_groups(1e300), Index{1} << 31);
  EXPECT_THROW(SampleGroups::least_groups(0), ConfigError);
}

// Parts of 100 rows in the mean: one in 350 has more than 128 and is halved, so that 3 groups more are expected of
// 1000.
TEST(SampleGroups, AreAboutEquallyLong) {
  for (const Index least : {37, 100, 1000}) {
    const auto groups = std::ssize(groups_of(random_batch(100 * least, 3), least));
    EXPECT_GE(groups, least);
    EXPECT_LE(groups, least + 10);
  }
}

}  // namespace
}  // namespace dpml
