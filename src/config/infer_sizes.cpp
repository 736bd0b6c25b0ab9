#include "infer_sizes.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"

namespace dpml::config {

std::optional<Shape> infer_sizes(std::vector<LayerSpec>& layers, const Shape& sample_shape, const Origins* origins,
                                 Problems& problems) {
  std::optional<Shape> shape = sample_shape;
  for (LayerSpec& layer : layers) {
    if (layer.kind == nullptr) return std::nullopt;
    try {
      LayerKind::Fitted fitted = layer.kind->fitted(*shape, Fit(layer, origins, problems));
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
