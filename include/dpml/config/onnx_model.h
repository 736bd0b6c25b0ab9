#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>

#include "dpml/config/model_spec.h"
#include "dpml/data/tensor_dataset.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// The model as an ONNX file of opset 17: input "input", float32 [N, sample_shape...] with channels last, as dpml reads
/// data, before `scaling`, which is the first of the graph; output "output", what the model's last layer gives. Weights
/// keep their names, dropout is left out, as in predictions. `weights` in file order, all of the model's;
/// adapters (`lora`) are merged into what they adapt. Throws
/// ConfigError as infer_sizes does, for a layer that has no form in ONNX, naming it, and for a model beyond 2 GiB.
std::string onnx_model(const ModelSpec& model, const Shape& sample_shape, const InputScaling& scaling,
                       const std::map<std::string, Tensor>& weights,
                       std::span<const std::pair<std::string, std::string>> metadata);

}  // namespace dpml
