#include "vocabulary.h"

#include <cmath>

#include "checks.h"
#include "dpml/base/error.h"

namespace dpml {

std::optional<OptionProblem> Vocabulary::problem() const {
  if (vocabulary > Tensor::kMaxExactInteger) {
    return OptionProblem{"vocabulary", "is " + std::to_string(vocabulary) + ", expected at most " +
                                           std::to_string(Tensor::kMaxExactInteger) +
                                           ", the indices that are exact in float32"};
  }
  if (const auto found = first_not_positive({{"vocabulary", vocabulary}, {"features", features}})) return found;
  if (padding_idx && (*padding_idx < 0 || *padding_idx >= vocabulary)) {
    return OptionProblem{"padding_idx", "is " + std::to_string(*padding_idx) + ", expected an index in [0, " +
                                            std::to_string(vocabulary) + ")"};
  }
  const auto deviation = static_cast<float>(initial_std);
  if (!(deviation > 0) || !std::isfinite(deviation)) {
    return OptionProblem{"initial_std", "is " + std::to_string(initial_std) + ", expected a finite float above 0"};
  }
  return std::nullopt;
}

Tensor Vocabulary::initial_weight(const std::string& type, Rng& init) const {
  require_none(type, problem());
  Tensor weight(Shape{vocabulary, features});
  for (float& value : weight.mutable_values()) value = static_cast<float>(initial_std * init.gaussian());
  return weight;
}

void Vocabulary::keep_padding_zero(Parameter& weight) const {
  if (padding_idx) weight.keep_zero(*padding_idx * features, (*padding_idx + 1) * features);
}

void Vocabulary::require_indices(const std::string& place, const Tensor& x) const {
  if (!first_breach(rule(), x.values())) return;
  throw Error(place + ": an index is not a whole number in [0, " + std::to_string(vocabulary) +
              "). Check the vocabulary size and the preparation of the data");
}

}  // namespace dpml
