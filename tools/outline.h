#pragma once

#include "dpml/config/model_outline.h"
#include "output.h"

namespace dpml::tools {

/// Layers, parameters, trained and recorded_numbers.
Json json_outline(const ModelOutline& outline);

/// A line for each layer, those inside another below it, and one for the whole.
void print_outline(const ModelOutline& outline);

}  // namespace dpml::tools
