#pragma once

#include <string>
#include <vector>

#include "onnx_graph.h"

namespace dpml::config {

/// A window that slides along one axis of images or sequences, as operators of ONNX take it.
struct WindowAxis {
  Index kernel = 1;
  Index stride = 1;
  Index dilation = 1;
  Index before = 0;  ///< padding
  Index behind = 0;
};

/// kernel_shape, strides and pads.
std::vector<onnx::Attribute> window_attributes(const std::vector<WindowAxis>& axes);

/// x, channels last, with the padding of the axes around it; `mode` is that of the operator Pad.
std::string padded(const std::string& x, const std::vector<WindowAxis>& axes, const std::string& mode,
                   OnnxGraph& graph);
/// For what is padded already.
void take_padding(std::vector<WindowAxis>& axes);

/// One member of every axis.
OnnxGraph::Numbers each(const std::vector<WindowAxis>& axes, Index WindowAxis::*member);

}  // namespace dpml::config
