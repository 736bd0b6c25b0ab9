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

Groups groups_of(const std::vector<DrawnRow>& batch, int least_splits) {
  SampleGroups groups;
  groups.form(batch, least_splits);
  Groups all;
  for (Index i = 0; i < groups.count(); ++i) {
    const std::span<const Index> group = groups.group(i);
    all.emplace(group.begin(), group.end());
  }
  return all;
}

TEST(SampleGroups, HoldEveryRowOnceAndNoMoreThanTheLargest) {
  for (const Index rows : {0, 1, 2, 127, 128, 129, 1000, 20000}) {
    for (const int splits : {0, 2, 6}) {
      std::vector<Index> seen;
      for (const std::vector<Index>& group : groups_of(random_batch(rows, 1), splits)) {
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
    const int splits = static_cast<int>(trial % 4);
    const Groups before = groups_of(with, splits);
    for (Index gone = 0; gone < rows; gone += trial < 20 ? 1 : 97) {
      std::vector<DrawnRow> without = with;
      without.erase(without.begin() + gone);
      const Groups after = groups_of(without, splits);
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
  EXPECT_EQ(groups_of(batch, 32).size(), 1U);
}

TEST(SampleGroups, AreCutByThePublicSize) {
  EXPECT_EQ(SampleGroups::least_splits(1e-9), 0);
  EXPECT_EQ(SampleGroups::least_splits(1), 0);
  EXPECT_EQ(SampleGroups::least_splits(2), 1);
  EXPECT_EQ(SampleGroups::least_splits(16), 2);
  EXPECT_EQ(SampleGroups::least_splits(256), 2);
  EXPECT_EQ(SampleGroups::least_splits(257), 3);
  EXPECT_EQ(SampleGroups::least_splits(4096), 6);
  EXPECT_EQ(SampleGroups::least_splits(1e300), 32);
  EXPECT_THROW(SampleGroups::least_splits(0), ConfigError);
}

}  // namespace
}  // namespace dpml
