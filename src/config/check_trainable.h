#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "dpml/config/model_sizes.h"

namespace dpml::config {

/// `pattern`: the place of the pattern that is wrong; absent for what is odd about the model, though legal.
using TrainableProblem = std::function<void(std::optional<std::size_t> pattern, const std::string& problem)>;

/// Tells of each pattern of ModelSpec::trainable that is none, fits no weight, or fits one that is kept as it is; of
/// models without a trained weight, and of low-rank adaptations that are not trained. `sizes` are the model's.
void check_trainable(std::span<const std::string> patterns, const ModelSizes& sizes, const TrainableProblem& tell);

}  // namespace dpml::config
