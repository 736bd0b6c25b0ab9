#include <cmath>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/layers/losses.h"

namespace dpml {

std::optional<OptionProblem> problem_of(const LossOptions& options, Index classes) {
  const auto is_float = [](double value) { return std::isfinite(static_cast<float>(value)); };
  const LossOptions defaults(options.kind);
  if (options.kind != Loss::cross_entropy) {
    const std::string why = "is stated, but only cross_entropy has one; leave it out";
    if (options.label_smoothing != defaults.label_smoothing) return OptionProblem{"label_smoothing", why};
    if (!options.class_weights.empty()) return OptionProblem{"class_weights", why};
    if (options.ignore_index) return OptionProblem{"ignore_index", why};
  }
  if (options.kind != Loss::huber && options.delta != defaults.delta) {
    return OptionProblem{"delta", "is stated, but only huber has one; leave it out"};
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    return OptionProblem{"label_smoothing",
                         "is " + to_text(options.label_smoothing) + ", expected a number from 0 to 1"};
  }
  for (const double weight : options.class_weights) {
    if (weight >= 0 && is_float(weight)) continue;
    return OptionProblem{"class_weights", "has " + to_text(weight) + ", expected finite floats of at least 0"};
  }
  const auto weights = static_cast<Index>(options.class_weights.size());
  if (weights > 0 && classes > 0 && weights != classes) {
    return OptionProblem{"class_weights", "has " + counted(weights, "number") + ", but there are " +
                                              counted(classes, "class", "classes") + "; state one for each"};
  }
  if (options.ignore_index && std::abs(*options.ignore_index) > Tensor::kMaxExactInteger) {
    return OptionProblem{
        "ignore_index", "is " + std::to_string(*options.ignore_index) + ", expected a whole number from -2^24 to 2^24"};
  }
  if (options.delta > 0 && is_float(options.delta)) return std::nullopt;
  return OptionProblem{"delta", "is " + to_text(options.delta) + ", expected a finite float above 0"};
}

std::string to_text(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
      return "cross_entropy";
    case Loss::mean_squared_error:
      return "mean_squared_error";
    case Loss::binary_cross_entropy:
      return "binary_cross_entropy";
    case Loss::huber:
      return "huber";
    case Loss::cosine:
      return "cosine";
  }
  throw InternalError("a loss without a name");
}

bool predicts_classes(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
    case Loss::binary_cross_entropy:
      return true;
    case Loss::mean_squared_error:
    case Loss::huber:
    case Loss::cosine:
      return false;
  }
  throw InternalError("Loss: not one of the enumerated values");
}

bool takes_class_indices(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
      return true;
    case Loss::binary_cross_entropy:
    case Loss::mean_squared_error:
    case Loss::huber:
    case Loss::cosine:
      return false;
  }
  throw InternalError("Loss: not one of the enumerated values");
}

}  // namespace dpml
