#include "dpml/dpsgd/sample_groups.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

/// Longer groups multiply faster, and fewer of them are added up; one in 1300 of such passes kLargest by chance, and
/// parts.
constexpr double kUsual = 96;     // samples, at most, in the mean
constexpr double kLeast = 4;      // groups of a batch, and what their number is a multiple of: threads end together
constexpr double kMost = 0x1p31;  // groups
constexpr std::uint64_t kGroup = std::uint64_t{1} << 32;  // how far apart the coins of neighbouring groups begin

}  // namespace

Index SampleGroups::least_groups(double expected_batch_size) {
  if (!(expected_batch_size > 0)) {
    throw ConfigError("expected batch size is " + to_text(expected_batch_size) + ", expected a number above 0");
  }
  const double groups = expected_batch_size <= kLeast * kUsual
                            ? std::min(std::ceil(expected_batch_size), kLeast)
                            : kLeast * std::ceil(expected_batch_size / kUsual / kLeast);
  return static_cast<Index>(std::min(groups, kMost));
}

void SampleGroups::form(std::span<const DrawnRow> batch, Index least_groups) {
  DPML_ASSERT(least_groups >= 1 && static_cast<double>(least_groups) <= kMost);
  drawn_.assign(batch.begin(), batch.end());
  least_groups_ = static_cast<std::uint64_t>(least_groups);
  ends_.clear();
  part(0, drawn_.size(), 0, least_groups_ * kGroup);
  rows_.resize(drawn_.size());
  std::transform(drawn_.begin(), drawn_.end(), rows_.begin(), [](const DrawnRow& drawn) { return drawn.row; });
}

void SampleGroups::part(std::size_t begin, std::size_t end, std::uint64_t low, std::uint64_t high) {
  if (begin == end) return;
  const std::uint64_t width = high - low;
  // More than kLargest equal coins never come: the chance is below 2^-3000 for any batch that fits a memory.
  if (width == 1 || (width <= kGroup && static_cast<Index>(end - begin) <= kLargest)) {
    ends_.push_back(end);
    return;
  }
  const std::uint64_t middle = low + (width > kGroup ? width / kGroup / 2 * kGroup : width / 2);
  above_.clear();
  std::size_t cut = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if (drawn_[i].coin * least_groups_ < middle) {
      drawn_[cut++] = drawn_[i];
    } else {
      above_.push_back(drawn_[i]);
    }
  }
  std::copy(above_.begin(), above_.end(), drawn_.begin() + static_cast<std::ptrdiff_t>(cut));
  part(begin, cut, low, middle);
  part(cut, end, middle, high);
}

std::span<const Index> SampleGroups::group(Index i) const {
  const auto at = static_cast<std::size_t>(i);
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::span(rows_).subspan(begin, ends_[at] - begin);
}

}  // namespace dpml
