#include "dpml/config/onnx_model.h"

#include "dpml/base/version.h"
#include "dpml/config/adapters.h"
#include "dpml/config/build_model.h"
#include "onnx_graph.h"

namespace dpml {

std::string onnx_model(const ModelSpec& model, const Shape& sample_shape, const InputScaling& scaling,
                       const std::map<std::string, Tensor>& weights,
                       std::span<const std::pair<std::string, std::string>> metadata) {
  ModelSpec complete = model;
  const Shape result = infer_sizes(complete, sample_shape);
  onnx::GraphWriter writer;
  writer.input("input", sample_shape);
  for (const auto& [name, weight] : merge_adapters(model, sample_shape, weights)) writer.constant(name, weight);
  config::OnnxGraph graph(writer);
  std::string x = "input";
  if (scaling.scale != 1) x = writer.node("Mul", {x, writer.constant(scaling.scale)});
  if (scaling.offset != 0) x = writer.node("Add", {x, writer.constant(scaling.offset)});
  writer.node("Identity", {graph.inside(complete.layers, "", x, sample_shape)}, {}, "output");
  writer.output("output", result);
  return writer.bytes(kVersion, metadata);
}

}  // namespace dpml
