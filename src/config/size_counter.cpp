#include "size_counter.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"

namespace dpml::config {

void SizeCounter::weight(const std::string& name, const Shape& shape) {
  constant(name, shape);
  place_.wants_gradient = place_.wants_gradient || !place_.is_frozen;
}

void SizeCounter::constant(const std::string& name, const Shape& shape) {
  sizes_.weights.push_back({place_.prefix + name, shape});
  if (__builtin_add_overflow(sizes_.parameters, shape.size(), &sizes_.parameters)) {
    throw ConfigError("the model has more parameters than can be counted; make it smaller");
  }
}

Shape SizeCounter::recorded(const Shape& result) {
  if (!place_.wants_gradient) return result;
  if (__builtin_add_overflow(sizes_.recorded_numbers, result.size(), &sizes_.recorded_numbers)) {
    throw ConfigError("a sample leaves more numbers in the model than can be counted; make it smaller");
  }
  return result;
}

Shape SizeCounter::inside(const std::vector<LayerSpec>& layers, const Shape& in) {
  return go(layers, Place(place_), in);
}

Shape SizeCounter::beside(const std::vector<LayerSpec>& first, const std::string& first_name,
                          const std::vector<LayerSpec>& second, const std::string& second_name, const Shape& in) {
  const Place outer = place_;
  Place named = outer;
  named.prefix = outer.prefix + first_name;
  const Shape result = go(first, named, in);
  const bool first_wants = place_.wants_gradient;
  named.prefix = outer.prefix + second_name;
  go(second, named, in);
  place_.wants_gradient = place_.wants_gradient || first_wants;
  return result;
}

Shape SizeCounter::go(const std::vector<LayerSpec>& layers, const Place& outer, const Shape& in) {
  Shape shape = in;
  bool wants_gradient = outer.wants_gradient;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerSpec& layer = layers[i];
    place_ = {.prefix = outer.prefix + (layer.name.empty() ? std::to_string(i) : layer.name) + ".",
              .is_frozen = outer.is_frozen || layer.frozen,
              .wants_gradient = wants_gradient};
    shape = layer.kind->count(shape, *this);
    wants_gradient = place_.wants_gradient;
  }
  place_ = outer;
  place_.wants_gradient = wants_gradient;
  return shape;
}

}  // namespace dpml::config
