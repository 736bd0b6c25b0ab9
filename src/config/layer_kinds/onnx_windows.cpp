#include "layer_kinds/onnx_windows.h"

namespace dpml::config {

OnnxGraph::Numbers each(const std::vector<WindowAxis>& axes, Index WindowAxis::*member) {
  OnnxGraph::Numbers numbers;
  for (const WindowAxis& axis : axes) numbers.push_back(axis.*member);
  return numbers;
}

std::vector<onnx::Attribute> window_attributes(const std::vector<WindowAxis>& axes) {
  OnnxGraph::Numbers pads = each(axes, &WindowAxis::before);
  for (const WindowAxis& axis : axes) pads.push_back(axis.behind);
  return {
      {"kernel_shape", each(axes, &WindowAxis::kernel)}, {"strides", each(axes, &WindowAxis::stride)}, {"pads", pads}};
}

std::string padded(const std::string& x, const std::vector<WindowAxis>& axes, const std::string& mode,
                   OnnxGraph& graph) {
  OnnxGraph::Numbers pads{0};  // of the batch
  for (const WindowAxis& axis : axes) pads.push_back(axis.before);
  pads.insert(pads.end(), {0, 0});  // of the channels, and of the batch at its end
  for (const WindowAxis& axis : axes) pads.push_back(axis.behind);
  pads.push_back(0);
  return graph.node("Pad", {x, graph.constant(pads)}, {{"mode", mode}});
}

void take_padding(std::vector<WindowAxis>& axes) {
  for (WindowAxis& axis : axes) axis.before = axis.behind = 0;
}

}  // namespace dpml::config
