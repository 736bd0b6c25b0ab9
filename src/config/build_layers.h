#pragma once

#include <memory>
#include <vector>

#include "dpml/config/model_spec.h"
#include "dpml/layers/layer.h"
#include "dpml/random/rng.h"

namespace dpml::config {

/// Layers whose sizes are all known, as they hang together, their weights drawn from `init` in this order and all
/// trainable. Throws ConfigError, with the layer's place, when one refuses its options.
std::unique_ptr<Layer> build_layers(const std::vector<LayerSpec>& layers, Rng& init);

}  // namespace dpml::config
