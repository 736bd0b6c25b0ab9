#pragma once

#include <span>
#include <vector>

#include "dpml/dpsgd/sampler.h"

namespace dpml {

/// The samples of a logical batch, cut into groups that are added up in float32 on their own, before groups are added
/// up exactly (ClippedSum). Coins alone decide who shares a group: halves by the first bit, their halves by the next,
/// and so on until a group has at most kLargest samples. So one sample more or less changes the group that it falls
/// into, which may part in two, and no other one (docs/rounding.md).
class SampleGroups {
 public:
  static constexpr Index kLargest = 128;

  /// By how many bits a batch of so many expected samples is cut in any case: into 4 groups, so that several threads
  /// have work, or into more of some 64 samples. Throws ConfigError when the number is not positive.
  static int least_splits(double expected_batch_size);

  /// Forgets what it held. least_splits: 0 to 32.
  void form(std::span<const DrawnRow> batch, int least_splits);

  Index samples() const { return static_cast<Index>(rows_.size()); }
  Index count() const { return static_cast<Index>(ends_.size()); }
  std::span<const Index> group(Index i) const;  ///< the rows of a group, at least one; in the order of the batch

 private:
  void split(std::size_t begin, std::size_t end, int bit, int least_splits);

  std::vector<DrawnRow> drawn_;
  std::vector<DrawnRow> ones_;  // of a group that parts: those whose bit is 1
  std::vector<Index> rows_;
  std::vector<std::size_t> ends_;
};

}  // namespace dpml
