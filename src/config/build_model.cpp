#include "dpml/config/build_model.h"

#include "dpml/base/error.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/residual.h"
#include "infer_sizes.h"

namespace dpml {

namespace {

std::unique_ptr<Sequential> build_layers(const std::vector<LayerSpec>& layers, Rng& init);

struct LayerBuilder {
  Rng& init;

  std::unique_ptr<Layer> operator()(Activation activation) const {
    switch (activation) {
      case Activation::relu:
        return std::make_unique<ReLU>();
      case Activation::tanh:
        return std::make_unique<Tanh>();
      case Activation::gelu:
        return std::make_unique<GELU>();
      case Activation::sigmoid:
        return std::make_unique<Sigmoid>();
    }
    throw InternalError("unknown activation");
  }
  std::unique_ptr<Layer> operator()(const FlattenSpec&) const { return std::make_unique<Flatten>(); }
  std::unique_ptr<Layer> operator()(const Linear::Options& o) const { return std::make_unique<Linear>(o, init); }
  std::unique_ptr<Layer> operator()(const Conv2d::Options& o) const { return std::make_unique<Conv2d>(o, init); }
  std::unique_ptr<Layer> operator()(const MaxPool2d::Options& o) const { return std::make_unique<MaxPool2d>(o); }
  std::unique_ptr<Layer> operator()(const AvgPool2d::Options& o) const { return std::make_unique<AvgPool2d>(o); }
  std::unique_ptr<Layer> operator()(const Embedding::Options& o) const { return std::make_unique<Embedding>(o, init); }
  std::unique_ptr<Layer> operator()(const GroupNorm::Options& o) const { return std::make_unique<GroupNorm>(o); }
  std::unique_ptr<Layer> operator()(const LayerNorm::Options& o) const { return std::make_unique<LayerNorm>(o); }
  std::unique_ptr<Layer> operator()(const Dropout::Options& o) const { return std::make_unique<Dropout>(o); }
  std::unique_ptr<Layer> operator()(const SequentialSpec& s) const { return build_layers(s.layers, init); }
  std::unique_ptr<Layer> operator()(const ResidualSpec& residual) const {
    std::unique_ptr<Layer> body = build_layers(residual.body, init);  // first, so that weights are drawn in this order
    if (residual.shortcut.empty()) return std::make_unique<Residual>(std::move(body));
    return std::make_unique<Residual>(std::move(body), build_layers(residual.shortcut, init));
  }
};

void freeze(Layer& layer) {
  for (const NamedParameter& named : named_parameters(layer)) named.parameter->set_trainable(false);
}

std::unique_ptr<Sequential> build_layers(const std::vector<LayerSpec>& layers, Rng& init) {
  auto sequential = std::make_unique<Sequential>();
  for (const LayerSpec& spec : layers) {
    try {
      Layer& layer = sequential->add(std::visit(LayerBuilder{init}, spec.kind), spec.name);
      if (spec.frozen) freeze(layer);
    } catch (const ConfigError& error) {
      const std::string place = to_text(spec.origin);
      throw ConfigError(place + (place.empty() ? "" : ": ") + error.what());
    }
  }
  return sequential;
}

}  // namespace

Shape infer_sizes(ModelSpec& model, const Shape& sample_shape) {
  config::Problems problems;
  const std::optional<Shape> result = config::infer_sizes(model.layers, sample_shape, nullptr, problems);
  problems.throw_if_any();
  if (!result) throw ConfigError("a layer has a size of 0 or less; state its size");
  return *result;
}

std::unique_ptr<Sequential> build_model(const ModelSpec& model, const Shape& sample_shape, Rng& init) {
  ModelSpec complete = model;
  const Shape result = infer_sizes(complete, sample_shape);
  std::unique_ptr<Sequential> built = build_layers(complete.layers, init);
  DPML_ASSERT(built->output_shape(sample_shape) == result);
  return built;
}

}  // namespace dpml
