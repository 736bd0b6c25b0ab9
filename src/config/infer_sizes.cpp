#include "infer_sizes.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"
#include "wiring.h"

namespace dpml::config {

namespace {

void tell_missing_kind(const LayerSpec& layer, bool owner_has_one, const Fit& fit, const Origins* origins,
                       Problems& problems) {
  if (owner_has_one) {
    fit.problem("layer",
                "\"" + layer.shared->layer + "\" is no embedding without lora; name one, whose weight maps back");
  } else if (origins == nullptr) {  // of a config: what was refused when it was read
    problems.add(layer.origin, "a layer has no kind; state one of dpml/config/layer_kinds.h");
  }
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
    const LayerKindHandle kind = kind_in(layers, place, node);
    if (kind == nullptr) tell_missing_kind(layer, layers[node.owner].kind != nullptr, fit, origins, problems);
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
