#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dpml/config/model_spec.h"
#include "dpml/tensor/shape.h"

namespace dpml::config {

/// `pattern`: the place of the pattern that is wrong; absent for what is wrong with the model.
using TrainableProblem = std::function<void(std::optional<std::size_t> pattern, const std::string& problem)>;

/// Tells of each pattern of `trainable` that is none, fits no weight, or fits one that is kept as it is, and of
/// low-rank adaptations that are not trained. The sizes of the model are known.
void check_trainable(const ModelSpec& model, const Shape& sample_shape, const TrainableProblem& tell);

}  // namespace dpml::config
