#pragma once

#include <map>
#include <string>

#include "dpml/config/model_spec.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// The model's weights, in file order by their names, with every adapter (`lora`) added to the weight that it adapts:
/// the same model, rounded another way, as if it had been trained without them. `weights` has all of the model's.
std::map<std::string, Tensor> merge_adapters(const ModelSpec& model, const Shape& sample_shape,
                                             std::map<std::string, Tensor> weights);

}  // namespace dpml
