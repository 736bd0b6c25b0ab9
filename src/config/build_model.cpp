#include "dpml/config/build_model.h"

#include "build_layers.h"
#include "dpml/base/error.h"
#include "infer_sizes.h"

namespace dpml {

Shape infer_sizes(ModelSpec& model, const Shape& sample_shape) {
  config::Problems problems;
  const std::optional<Shape> result = config::infer_sizes(model.layers, sample_shape, nullptr, problems);
  problems.throw_if_any();
  DPML_ASSERT(result.has_value());
  return *result;
}

std::unique_ptr<Layer> build_model(const ModelSpec& model, const Shape& sample_shape, Rng& init) {
  ModelSpec complete = model;
  const Shape result = infer_sizes(complete, sample_shape);
  std::unique_ptr<Layer> built = config::build_layers(complete.layers, init);
  DPML_ASSERT(built->output_shape(sample_shape) == result);
  return built;
}

}  // namespace dpml
