#pragma once

#include <optional>

#include "dpml/config/model_spec.h"
#include "problems.h"

namespace dpml::config {

/// dpml::infer_sizes with the problems collected; absent when there were so many that the result has no known shape.
std::optional<Shape> infer_sizes(std::vector<LayerSpec>& layers, const Shape& sample_shape, Problems& problems);

}  // namespace dpml::config
