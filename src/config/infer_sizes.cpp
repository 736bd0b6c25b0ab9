#include "infer_sizes.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"

namespace dpml::config {

std::optional<Shape> infer_sizes(std::vector<LayerSpec>& layers, const Shape& sample_shape, const Origins* origins,
                                 Problems& problems) {
  std::optional<Shape> shape = sample_shape;
  for (std::size_t place = 0; place < layers.size(); ++place) {
    LayerSpec& layer = layers[place];
    if (layer.kind == nullptr) {
      if (origins == nullptr) problems.add(layer.origin, "a layer has no kind; state one of dpml/config/layer_kinds.h");
      return std::nullopt;  // of a config: what was refused when it was read
    }
    try {
      LayerKind::Fitted fitted = layer.kind->fitted(*shape, Fit(layer, place, origins, problems));
      if (fitted.kind != nullptr) layer.kind = std::move(fitted.kind);
      shape = fitted.result;
    } catch (const ShapeError& error) {  // too many numbers to count
      problems.add(layer.origin, error.what());
      return std::nullopt;
    }
    if (!shape) return std::nullopt;
  }
  return shape;
}

}  // namespace dpml::config
