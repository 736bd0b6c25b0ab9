#include "dpml/config/model_outline.h"

#include "size_counter.h"

namespace dpml {

std::string kind_text(const OutlineRow& row) {
  return row.kind + (row.weights_of.empty() ? "" : " of " + row.weights_of) + (row.frozen ? ", frozen" : "");
}

ModelOutline model_outline(const ModelSpec& model, const Shape& sample_shape) {
  ModelOutline outline{.input = sample_shape};
  const ModelSizes sizes = config::counted_sizes(model, sample_shape, &outline.rows);
  outline.parameters = sizes.parameters;
  outline.trained = config::trained_of(sizes.weights);
  outline.recorded_numbers = sizes.recorded_numbers;
  return outline;
}

}  // namespace dpml
