#include "checks.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

std::optional<OptionProblem> first_below(Index least, std::initializer_list<Size> sizes) {
  for (const Size& size : sizes) {
    if (size.value >= least) continue;
    return OptionProblem{size.option,
                         "is " + std::to_string(size.value) + ", expected " + std::to_string(least) + " or more"};
  }
  return std::nullopt;
}

}  // namespace

std::string batched_text(const Shape& sample) {
  const std::string axes = sample.to_text().substr(1);
  return (sample.rank() == 0 ? "[B" : "[B, ") + axes;
}

std::optional<OptionProblem> first_not_positive(std::initializer_list<Size> sizes) {
  return first_below(1, sizes);
}

std::optional<OptionProblem> first_negative(std::initializer_list<Size> sizes) {
  return first_below(0, sizes);
}

std::optional<OptionProblem> epsilon_problem(double epsilon) {
  if (epsilon > 0 && std::isfinite(epsilon)) return std::nullopt;
  return OptionProblem{"epsilon", "is " + to_text(epsilon) + ", expected a finite number above 0"};
}

std::optional<OptionProblem> groups_problem(Index groups, Index in_channels, Index out_channels) {
  if (in_channels % groups == 0 && out_channels % groups == 0) return std::nullopt;
  return OptionProblem{"groups", "is " + std::to_string(groups) + ", which does not divide " +
                                     std::to_string(in_channels) + " input and " + std::to_string(out_channels) +
                                     " output channels; change one"};
}

std::optional<OptionProblem> padding_same_problem(bool padding_same, bool has_no_padding, bool has_no_stride) {
  if (!padding_same || (has_no_padding && has_no_stride)) return std::nullopt;
  if (!has_no_padding) return OptionProblem{"padding_same", "stands beside a padding; state one of them"};
  return OptionProblem{"padding_same", "keeps sizes, which a stride above 1 does not; leave one out"};
}

std::optional<OptionProblem> output_padding_problem(const Size& output_padding, Index stride, Index dilation) {
  if (auto problem = first_negative({output_padding})) return problem;
  const Index most = std::max(stride, dilation) - 1;
  if (output_padding.value <= most) return std::nullopt;
  return OptionProblem{output_padding.option, "is " + std::to_string(output_padding.value) +
                                                  "; state less than the stride or the dilation, at most " +
                                                  std::to_string(most)};
}

void require_none(const std::string& type, const std::optional<OptionProblem>& problem) {
  if (problem) throw ConfigError(type + ": " + problem->option + " " + problem->what);
}

}  // namespace dpml
