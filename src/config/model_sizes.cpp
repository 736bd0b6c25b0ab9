#include "dpml/config/model_sizes.h"

#include "dpml/base/error.h"
#include "dpml/config/build_model.h"
#include "size_counter.h"

namespace dpml {

ModelSizes model_sizes(const ModelSpec& model, const Shape& sample_shape) {
  ModelSpec complete = model;
  infer_sizes(complete, sample_shape);
  ModelSizes sizes{.recorded_numbers = sample_shape.size()};
  try {
    config::SizeCounter(sizes, complete.trainable).inside(complete.layers, sample_shape);
  } catch (const ShapeError& error) {  // too many numbers to count
    throw ConfigError(std::string("the model is too large: ") + error.what());
  }
  return sizes;
}

}  // namespace dpml
