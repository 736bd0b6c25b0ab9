#pragma once

#include <optional>

#include "dpml/config/model_spec.h"
#include "dpml/tensor/shape.h"
#include "origins.h"
#include "problems.h"

namespace dpml::config {

/// dpml::infer_sizes with the problems collected; absent when the shape of the result cannot be known. `origins` tells
/// where single fields were stated; without it problems are told with their layer.
std::optional<Shape> infer_sizes(std::vector<LayerSpec>& layers, const Shape& sample_shape, const Origins* origins,
                                 Problems& problems);

}  // namespace dpml::config
