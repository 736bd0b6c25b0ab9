#include "dpml/dpsgd/sample_groups.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr double kUsual = 64;  // samples
constexpr double kLeastGroups = 4;
constexpr int kCoinBits = 32;

}  // namespace

int SampleGroups::least_splits(double expected_batch_size) {
  if (!(expected_batch_size > 0)) {
    throw ConfigError("expected batch size is " + to_text(expected_batch_size) + ", expected a number above 0");
  }
  const double size = std::clamp(expected_batch_size / kLeastGroups, 1.0, kUsual);
  return static_cast<int>(std::clamp(std::ceil(std::log2(expected_batch_size / size)), 0.0, double{kCoinBits}));
}

void SampleGroups::form(std::span<const DrawnRow> batch, int least_splits) {
  drawn_.assign(batch.begin(), batch.end());
  ends_.clear();
  split(0, drawn_.size(), kCoinBits - 1, least_splits);
  rows_.resize(drawn_.size());
  std::transform(drawn_.begin(), drawn_.end(), rows_.begin(), [](const DrawnRow& drawn) { return drawn.row; });
}

void SampleGroups::split(std::size_t begin, std::size_t end, int bit, int least_splits) {
  if (begin == end) return;
  // More than kLargest equal coins never come: the chance is below 2^-3000 for any batch that fits a memory.
  if (bit < 0 || (least_splits <= 0 && static_cast<Index>(end - begin) <= kLargest)) {
    ends_.push_back(end);
    return;
  }
  ones_.clear();
  std::size_t middle = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if ((drawn_[i].coin >> bit & 1) != 0) {
      ones_.push_back(drawn_[i]);
    } else {
      drawn_[middle++] = drawn_[i];
    }
  }
  std::copy(ones_.begin(), ones_.end(), drawn_.begin() + static_cast<std::ptrdiff_t>(middle));
  split(begin, middle, bit - 1, least_splits - 1);
  split(middle, end, bit - 1, least_splits - 1);
}

std::span<const Index> SampleGroups::group(Index i) const {
  const auto at = static_cast<std::size_t>(i);
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::span(rows_).subspan(begin, ends_[at] - begin);
}

}  // namespace dpml
