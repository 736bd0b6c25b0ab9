#include "size_counter.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "dpml/base/name_pattern.h"
#include "layer_kinds/layer_kind.h"
#include "wiring.h"

namespace dpml::config {

void SizeCounter::weight(const std::string& name, const Shape& shape) {
  const std::string full_name = place_.prefix + name;
  const auto fits = [&](const std::string& pattern) { return match_name(pattern, full_name).has_value(); };
  const bool is_meant =
      trainable_.empty() ? !place_.is_adapted : std::any_of(trainable_.begin(), trainable_.end(), fits);
  const bool is_trained = is_meant && !place_.is_frozen;
  add(full_name, shape, place_.is_frozen, is_trained);
  place_.wants_gradient = place_.wants_gradient || is_trained;
}

void SizeCounter::constant(const std::string& name, const Shape& shape) {
  add(place_.prefix + name, shape, true, false);
}

void SizeCounter::add(const std::string& name, const Shape& shape, bool is_kept, bool is_trained) {
  if (place_.is_shared) return;
  sizes_.weights.push_back({.name = name, .shape = shape, .is_kept = is_kept, .is_trained = is_trained});
  if (__builtin_add_overflow(sizes_.parameters, shape.size(), &sizes_.parameters)) {
    throw ConfigError("the model has more parameters than can be counted; make it smaller");
  }
}

Shape SizeCounter::adapted(const ModuleKind& base, const std::vector<LayerSpec>& adapter, double scale,
                           bool output_first, const Shape& in) {
  const Place outer = place_;
  place_.is_adapted = true;
  const Shape result = base.counted({in}, *this);
  const bool base_wants = place_.wants_gradient;
  recorded(go(adapter, outer, in));  // scaled
  place_.wants_gradient = place_.wants_gradient || base_wants;
  if (!outer.is_shared) sizes_.adapters.push_back({outer.prefix, scale, output_first});
  return recorded(result);
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
  struct Result {
    Shape shape;
    bool wants_gradient;
  };
  const Wiring wiring = Wiring::of(layers);
  std::vector<Result> results{{in, outer.wants_gradient}};
  for (std::size_t place = 0; place < layers.size(); ++place) {
    const Wiring::Node& node = wiring.nodes[place];
    std::vector<Shape> shapes;
    bool wants_gradient = false;
    for (const Result& input : inputs_of(node, results)) {
      shapes.push_back(input.shape);
      wants_gradient = wants_gradient || input.wants_gradient;
    }
    const bool is_shared = outer.is_shared || layers[place].shared;
    place_ = {.prefix = outer.prefix + name_of(layers, node.owner) + ".",
              .is_frozen = outer.is_frozen || layers[node.owner].frozen,
              .is_shared = is_shared,
              .wants_gradient = wants_gradient};
    const Shape shape = kind_in(layers, place, node)->counted(shapes, *this);
    results.push_back({shape, place_.wants_gradient});
  }
  place_ = outer;
  place_.wants_gradient = results.back().wants_gradient;
  return results.back().shape;
}

}  // namespace dpml::config
