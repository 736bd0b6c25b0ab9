#include "dpml/config/build_model.h"

#include "build_layers.h"
#include "dpml/base/error.h"
#include "infer_sizes.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

void freeze(Layer& layer) {
  for (const NamedParameter& named : named_parameters(layer)) named.parameter->set_trainable(false);
}

}  // namespace

std::unique_ptr<Sequential> config::build_layers(const std::vector<LayerSpec>& layers, Rng& init) {
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

Shape infer_sizes(ModelSpec& model, const Shape& sample_shape) {
  config::Problems problems;
  const std::optional<Shape> result = config::infer_sizes(model.layers, sample_shape, nullptr, problems);
  problems.throw_if_any();
  if (!result) throw ConfigError("a layer has no kind; state one of dpml/config/layer_kinds.h");
  return *result;
}

std::unique_ptr<Sequential> build_model(const ModelSpec& model, const Shape& sample_shape, Rng& init) {
  ModelSpec complete = model;
  const Shape result = infer_sizes(complete, sample_shape);
  std::unique_ptr<Sequential> built = config::build_layers(complete.layers, init);
  DPML_ASSERT(built->output_shape(sample_shape) == result);
  return built;
}

}  // namespace dpml
