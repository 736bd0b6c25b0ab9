#pragma once

#include <functional>
#include <string>

#include "dpml/config/model_spec.h"
#include "dpml/tensor/shape.h"

namespace dpml::config {

/// Tells of each pattern of `trainable`, by its place, that is none, fits no weight, or fits one that is kept as it is.
/// The sizes of the model are known.
void check_trainable(const ModelSpec& model, const Shape& sample_shape,
                     const std::function<void(std::size_t place, const std::string& problem)>& tell);

}  // namespace dpml::config
