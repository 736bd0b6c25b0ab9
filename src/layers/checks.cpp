#include "checks.h"

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

void require_none(const std::string& type, const std::optional<OptionProblem>& problem) {
  if (problem) throw ConfigError(type + ": " + problem->option + " " + problem->what);
}

}  // namespace dpml
