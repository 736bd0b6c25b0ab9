#pragma once

#include <vector>

#include "dpml/config/model_spec.h"
#include "origins.h"
#include "problems.h"

namespace dpml::config {

/// Whether an embedding takes the inputs of the model for indices. One that would get numbers which another layer
/// computed becomes a problem, as Layer::input_rule makes it an error.
bool takes_indices(const std::vector<LayerSpec>& layers, const Origins& origins, Problems& problems);

}  // namespace dpml::config
