#include "build_layers.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"

namespace dpml::config {

namespace {

void freeze(Layer& layer) {
  for (const NamedParameter& named : named_parameters(layer)) named.parameter->set_trainable(false);
}

}  // namespace

std::unique_ptr<Sequential> build_layers(const std::vector<LayerSpec>& layers, Rng& init) {
  auto sequential = std::make_unique<Sequential>();
  for (const LayerSpec& spec : layers) {
    try {
      Layer& layer = sequential->add(spec.kind->build(init), spec.name);
      if (spec.frozen) freeze(layer);
    } catch (const ConfigError& error) {
      const std::string place = to_text(spec.origin);
      throw ConfigError(place + (place.empty() ? "" : ": ") + error.what());
    }
  }
  return sequential;
}

}  // namespace dpml::config
