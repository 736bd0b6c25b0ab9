#include "infer_sizes.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"
#include "wiring.h"

namespace dpml::config {

namespace {

/// The kind that stands in a layer's place; absent after a problem, or of what was refused when it was read.
LayerKindHandle kind_of(const std::vector<LayerSpec>& layers, std::size_t place, std::size_t owner, const Fit& fit,
                        const Origins* origins, Problems& problems) {
  const LayerSpec& layer = layers[place];
  const LayerKindHandle& kind = layers[owner].kind;
  if (kind == nullptr) {
    if (origins == nullptr) problems.add(layer.origin, "a layer has no kind; state one of dpml/config/layer_kinds.h");
    return nullptr;
  }
  if (!layer.shared || layer.shared->use == SharedWeights::Use::again) return kind;
  LayerKindHandle tied = kind->tied();
  if (tied == nullptr) {
    fit.problem("layer",
                "\"" + layer.shared->layer + "\" is no embedding without lora; name one, whose weight maps back");
  }
  return tied;
}

bool takes_as_many(const ModuleKind& kind, std::size_t inputs, const Fit& fit) {
  if (kind.is_merge() == (inputs > 1)) return true;
  fit.problem(kind.is_merge() ? "takes two or more results; state `from` for each of them"
                              : "takes one result, but `from` is stated " + std::to_string(inputs) +
                                    " times; put an add, multiply or concat before it");
  return false;
}

}  // namespace

std::optional<Shape> infer_sizes(std::vector<LayerSpec>& layers, const Shape& sample_shape, const Origins* origins,
                                 Problems& problems) {
  Problems told;  // those of a config, when it was read
  const std::optional<Wiring> wiring = Wiring::find(layers, origins, origins == nullptr ? problems : told);
  if (!wiring) return std::nullopt;
  std::vector<Shape> results{sample_shape};
  for (std::size_t place = 0; place < layers.size(); ++place) {
    LayerSpec& layer = layers[place];
    const Wiring::Node& node = wiring->nodes[place];
    const Fit fit(layer, place, origins, problems);
    const LayerKindHandle kind = kind_of(layers, place, node.owner, fit, origins, problems);
    if (kind == nullptr || !takes_as_many(*kind, node.inputs.size(), fit)) return std::nullopt;
    try {
      ModuleKind::Fitted fitted = kind->fitted_to(inputs_of(node, results), fit);
      if (!fitted.result) return std::nullopt;
      if (fitted.kind != nullptr && !layer.shared) layer.kind = std::move(fitted.kind);
      results.push_back(*fitted.result);
    } catch (const ShapeError& error) {  // too many numbers to count
      problems.add(layer.origin, error.what());
      return std::nullopt;
    }
  }
  return results.back();
}

}  // namespace dpml::config
