#include "dpml/config/build_model.h"

#include "build_layers.h"
#include "check_trainable.h"
#include "dpml/base/error.h"
#include "infer_sizes.h"
#include "size_counter.h"

namespace dpml {

Shape infer_sizes(ModelSpec& model, const Shape& sample_shape) {
  config::Problems problems;
  const std::optional<Shape> result = config::infer_sizes(model.layers, sample_shape, nullptr, problems);
  if (result && problems.empty()) {
    config::check_trainable(model.trainable, config::sizes_of_fitted(model, sample_shape),
                            [&](std::optional<std::size_t> pattern, const std::string& problem) {
                              if (pattern) problems.add({}, "trainable: " + problem);
                            });
  }
  problems.throw_if_any();
  DPML_ASSERT(result.has_value());
  return *result;
}

std::unique_ptr<Layer> build_model(const ModelSpec& model, const Shape& sample_shape, Rng& init) {
  ModelSpec complete = model;
  const Shape result = infer_sizes(complete, sample_shape);
  std::unique_ptr<Layer> built = config::build_layers(complete.layers, init);
  DPML_ASSERT(built->output_shape(sample_shape) == result);
  const std::vector<WeightSize> sizes = config::sizes_of_fitted(complete, sample_shape).weights;
  const std::vector<NamedParameter> parameters = named_parameters(*built);
  DPML_ASSERT(sizes.size() == parameters.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) parameters[i].parameter->set_trainable(sizes[i].is_trained);
  return built;
}

}  // namespace dpml
