#include "dpml/config/model_sizes.h"

#include "size_counter.h"

namespace dpml {

ModelSizes model_sizes(const ModelSpec& model, const Shape& sample_shape) {
  return config::counted_sizes(model, sample_shape);
}

}  // namespace dpml
