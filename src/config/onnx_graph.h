#pragma once

#include <string>
#include <vector>

#include "dpml/config/model_spec.h"
#include "dpml/onnx/graph_writer.h"
#include "dpml/tensor/shape.h"

namespace dpml::config {

/// The graph of a model while it is written, layer by layer: each layer writes itself in LayerKind::onnx. Values have
/// the batch as axis 0 and channels last, as everywhere in dpml; where ONNX wants them second, a layer turns them there
/// and back.
class OnnxGraph {
 public:
  using Numbers = std::vector<std::int64_t>;

  /// The writer knows the model's weights by their names already, in file order.
  explicit OnnxGraph(onnx::GraphWriter& writer) : writer_(writer) {}

  /// The first result of an operator of opset 17.
  std::string node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::vector<onnx::Attribute>& attributes = {}) {
    return writer_.node(op, inputs, attributes);
  }
  std::string constant(float value) { return writer_.constant(value); }
  std::string constant(const Numbers& values) { return writer_.constant(values); }
  std::string constant(const std::string& name, const Tensor& value);  ///< `name` within the layer
  /// A weight of the layer that is written: "bias".
  std::string weight(const std::string& name);

  std::string slice(const std::string& x, Index axis, Index begin, Index end);
  std::string reshape(const std::string& x, const Numbers& shape);  ///< 0: as long as it is, -1: what remains
  std::string transpose(const std::string& x, const Numbers& order);
  std::string concat(const std::vector<std::string>& parts, Index axis);
  /// Over these axes, which go away unless `keep`. `op` is ReduceSum, ReduceMean or ReduceMax.
  std::string reduce(const std::string& op, const std::string& x, const Numbers& axes, bool keep = false);

  std::string channels_second(const std::string& x, Index sample_rank);  ///< [N, ..., C] -> [N, C, ...]
  std::string channels_last(const std::string& x, Index sample_rank);    ///< and back

  /// Layers inside the layer that is written, `name` before theirs; returns the result.
  std::string inside(const std::vector<LayerSpec>& layers, const std::string& name, const std::string& x,
                     const Shape& in);

  /// For a layer that has no form in ONNX, or none that was written yet. Throws ConfigError naming the layer.
  [[noreturn]] void refuse_onnx() const;

 private:
  onnx::GraphWriter& writer_;
  std::string prefix_;  ///< of the weights of the layer that is written
  std::string word_;    ///< for its kind
};

}  // namespace dpml::config
