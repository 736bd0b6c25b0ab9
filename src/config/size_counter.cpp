#include "size_counter.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "dpml/base/name_pattern.h"
#include "dpml/config/build_model.h"
#include "layer_kinds/layer_kind.h"

namespace dpml::config {

Index trained_of(std::span<const WeightSize> weights) {
  Index trained = 0;
  for (const WeightSize& weight : weights) trained += weight.is_trained ? weight.shape.size() : 0;
  return trained;
}

ModelSizes sizes_of_fitted(const ModelSpec& model, const Shape& sample_shape, std::vector<OutlineRow>* rows) {
  ModelSizes sizes{.recorded_numbers = sample_shape.size()};
  try {
    SizeCounter(sizes, model.trainable, rows).inside(model.layers, sample_shape);
  } catch (const ShapeError& error) {
    throw ConfigError(std::string("the model is too large: ") + error.what());
  }
  return sizes;
}

ModelSizes counted_sizes(const ModelSpec& model, const Shape& sample_shape, std::vector<OutlineRow>* rows) {
  ModelSpec complete = model;
  dpml::infer_sizes(complete, sample_shape);
  return sizes_of_fitted(complete, sample_shape, rows);
}

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

SizeCounter::Result SizeCounter::result_of(const std::vector<LayerSpec>& layers, std::size_t place,
                                           const Wiring::Node& node, const std::vector<Result>& inputs,
                                           const Place& outer) {
  std::vector<Shape> shapes;
  bool wants_gradient = false;
  for (const Result& input : inputs) {
    shapes.push_back(input.shape);
    wants_gradient = wants_gradient || input.wants_gradient;
  }
  const std::optional<std::size_t> row = add_row(layers, place, node, inputs, outer);
  const std::size_t weights_before = sizes_.weights.size();
  const Index recorded_before = sizes_.recorded_numbers;
  place_ = {.prefix = outer.prefix + name_of(layers, node.owner) + ".",
            .is_frozen = outer.is_frozen || layers[node.owner].frozen,
            .is_shared = outer.is_shared || layers[place].shared,
            .wants_gradient = wants_gradient,
            .row = row};
  const Shape shape = kind_in(layers, place, node)->counted(shapes, *this);
  if (row) {
    const std::span<const WeightSize> weights = std::span(sizes_.weights).subspan(weights_before);
    OutlineRow& told = (*rows_)[*row];
    told.output = shape;
    for (const WeightSize& weight : weights) told.parameters += weight.shape.size();
    told.trained = trained_of(weights);
    told.recorded_numbers = sizes_.recorded_numbers - recorded_before;
  }
  return {shape, place_.wants_gradient, row};
}

std::optional<std::size_t> SizeCounter::add_row(const std::vector<LayerSpec>& layers, std::size_t place,
                                                const Wiring::Node& node, const std::vector<Result>& inputs,
                                                const Place& outer) {
  if (rows_ == nullptr || outer.is_shared) return std::nullopt;
  const LayerSpec& layer = layers[place];
  OutlineRow row{.name = outer.prefix + name_of(layers, place), .kind = layer.word, .container = outer.row};
  if (layer.shared) row.weights_of = layer.shared->layer;
  if (node.inputs != std::vector{place}) row.from = layer.from;
  if (outer.row) row.depth = (*rows_)[*outer.row].depth + 1;
  for (const Result& input : inputs) row.inputs.push_back(input.row);
  row.frozen = layer.frozen;
  rows_->push_back(std::move(row));
  return rows_->size() - 1;
}

Shape SizeCounter::go(const std::vector<LayerSpec>& layers, const Place& outer, const Shape& in) {
  const Wiring wiring = Wiring::of(layers);
  std::vector<Result> results{{in, outer.wants_gradient, std::nullopt}};
  for (std::size_t place = 0; place < layers.size(); ++place) {
    const Wiring::Node& node = wiring.nodes[place];
    results.push_back(result_of(layers, place, node, inputs_of(node, results), outer));
  }
  if (outer.row && !outer.is_shared) (*rows_)[*outer.row].ends.push_back(results.back().row);
  place_ = outer;
  place_.wants_gradient = results.back().wants_gradient;
  return results.back().shape;
}

}  // namespace dpml::config
