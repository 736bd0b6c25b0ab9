#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dpml/dpsgd/sampler.h"

namespace dpml {

/// The samples of a logical batch, cut into groups that are added up in float32 on their own, before groups are added
/// up exactly (ClippedSum). Coins alone decide who shares a group: the range of coins is cut into as many equal parts
/// as the public batch size asks for, and a part in halves, and those in halves, until a group has at most kLargest
/// samples. So one sample more or less changes the group that it falls into, which may part in two, and no other one
/// (docs/rounding.md).
class SampleGroups {
 public:
  static constexpr Index kLargest = 128;

  /// Into how many parts a batch of so many expected samples is cut in any case: a multiple of 4, so that several
  /// threads have work, of at most 96 samples in the mean; fewer than 4 samples are groups of their own. Throws
  /// ConfigError when the number is not positive.
  static Index least_groups(double expected_batch_size);

  /// Forgets what it held. least_groups: 1 to 2^31.
  void form(std::span<const DrawnRow> batch, Index least_groups);

  Index samples() const { return static_cast<Index>(rows_.size()); }
  Index count() const { return static_cast<Index>(ends_.size()); }
  std::span<const Index> group(Index i) const;  ///< the rows of a group, at least one; in the order of the batch

 private:
  /// Cuts drawn_[begin, end), whose coins times least_groups_ lie in [low, high).
  void part(std::size_t begin, std::size_t end, std::uint64_t low, std::uint64_t high);

  std::uint64_t least_groups_ = 1;
  std::vector<DrawnRow> drawn_;
  std::vector<DrawnRow> above_;  // of what is cut: those that lie above the middle
  std::vector<Index> rows_;
  std::vector<std::size_t> ends_;
};

}  // namespace dpml
