#include <array>
#include <tuple>

#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"
#include "layer_kinds/onnx_windows.h"
#include "layer_kinds/pairs.h"

namespace dpml {

namespace {

// As files have it.
Shape weight_shape(const Conv1d::Options& o) {
  return {o.out_channels, o.in_channels / o.groups, o.kernel};
}

Shape weight_shape(const Conv2d::Options& o) {
  return {o.out_channels, o.in_channels / o.groups, o.kernel_height, o.kernel_width};
}

Shape weight_shape(const ConvTranspose1d::Options& o) {
  return {o.in_channels, o.out_channels / o.groups, o.kernel};
}

Shape weight_shape(const ConvTranspose2d::Options& o) {
  return {o.in_channels, o.out_channels / o.groups, o.kernel_height, o.kernel_width};
}

config::WindowAxis axis_of(Index kernel, Index stride, Index dilation, Index padding, bool padding_same = false) {
  const Index total = padding_same ? dilation * (kernel - 1) : 2 * padding;
  return {kernel, stride, dilation, total / 2, total - total / 2};
}

using Axes = std::vector<config::WindowAxis>;

Axes axes_of(const Conv1d::Options& o) {
  return {axis_of(o.kernel, o.stride, o.dilation, o.padding, o.padding_same)};
}

Axes axes_of(const Conv2d::Options& o) {
  return {axis_of(o.kernel_height, o.stride_height, o.dilation_height, o.padding_height, o.padding_same),
          axis_of(o.kernel_width, o.stride_width, o.dilation_width, o.padding_width, o.padding_same)};
}

Axes axes_of(const ConvTranspose1d::Options& o) {
  return {axis_of(o.kernel, o.stride, o.dilation, o.padding)};
}

Axes axes_of(const ConvTranspose2d::Options& o) {
  return {axis_of(o.kernel_height, o.stride_height, o.dilation_height, o.padding_height),
          axis_of(o.kernel_width, o.stride_width, o.dilation_width, o.padding_width)};
}

config::OnnxGraph::Numbers output_padding(const ConvTranspose1d::Options& o) {
  return {o.output_padding};
}

config::OnnxGraph::Numbers output_padding(const ConvTranspose2d::Options& o) {
  return {o.output_padding_height, o.output_padding_width};
}

/// The end of x before it and its beginning behind it, axis by axis.
std::string padded_in_circles(std::string x, const Shape& in, const Axes& axes, config::OnnxGraph& graph) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<Index>(i) + 1;
    const Index length = in[axis - 1];
    x = graph.concat(
        {graph.slice(x, axis, length - axes[i].before, length), x, graph.slice(x, axis, 0, axes[i].behind)}, axis);
  }
  return x;
}

/// x with its padding around it, unless that is zeros, which are left to the convolution.
std::string padded(PaddingMode mode, const std::string& x, const Shape& in, const Axes& axes,
                   config::OnnxGraph& graph) {
  switch (mode) {
    case PaddingMode::zeros:
      return x;
    case PaddingMode::reflect:
      return config::padded(x, axes, "reflect", graph);
    case PaddingMode::replicate:
      return config::padded(x, axes, "edge", graph);
    case PaddingMode::circular:
      return padded_in_circles(x, in, axes, graph);
  }
  throw InternalError("PaddingMode: not one of the enumerated values");
}

/// Of images, or of sequences; transposed or not.
template <class L, bool of_images>
class ConvolutionKind final : public config::KindOf<L> {
 public:
  using config::KindOf<L>::KindOf;
  static constexpr bool transposed = std::is_same_v<L, ConvTranspose1d> || std::is_same_v<L, ConvTranspose2d>;
  using Fitted = config::LayerKind::Fitted;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    const bool fits = of_images ? fit.is_image(in) : fit.is_sequence(in);
    if (!fits) return {};
    auto options = this->options_;
    fit.agree("in_channels", options.in_channels, in[-1], in);
    auto problem = L::problem_of(options);
    if (problem && problem->option.starts_with("output_padding")) problem->option = "output_padding";  // of both axes
    if (!fit.accepts(problem)) return {};
    const auto result = fit.window([&](const std::string& place) { return L::output_shape(options, in, place); });
    return {std::make_shared<ConvolutionKind>(options), result};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const auto& o = this->options_;
    Axes axes = axes_of(o);
    std::string around = x;
    if constexpr (!transposed) {
      around = padded(o.padding_mode, x, in, axes, graph);
      if (o.padding_mode != PaddingMode::zeros) config::take_padding(axes);
    }
    std::vector<std::string> inputs{graph.channels_second(around, in.rank()), graph.weight("weight")};
    if (o.bias) inputs.push_back(graph.weight("bias"));
    std::vector<onnx::Attribute> attributes = config::window_attributes(axes);
    attributes.push_back({"dilations", config::each(axes, &config::WindowAxis::dilation)});
    attributes.push_back({"group", o.groups});
    if constexpr (transposed) attributes.push_back({"output_padding", output_padding(o)});
    return graph.channels_last(graph.node(transposed ? "ConvTranspose" : "Conv", inputs, attributes), in.rank());
  }

  std::optional<config::ModuleKind::MapDown> map_down(Index rank) const override {
    if (this->options_.groups != 1) return std::nullopt;
    auto options = this->options_;
    options.out_channels = rank;
    options.bias = false;
    constexpr bool is_transposed = std::is_same_v<L, ConvTranspose1d> || std::is_same_v<L, ConvTranspose2d>;
    return config::ModuleKind::MapDown{std::make_shared<ConvolutionKind>(options), !is_transposed};
  }

  std::vector<WeightSize> weights() const override {
    std::vector<WeightSize> weights{{"weight", weight_shape(this->options_)}};
    if (this->options_.bias) weights.push_back({"bias", {this->options_.out_channels}});
    return weights;
  }
};

constexpr std::array kPaddingModes{
    config::Word<PaddingMode>{"ZEROS", PaddingMode::zeros},
    config::Word<PaddingMode>{"REFLECT", PaddingMode::reflect},
    config::Word<PaddingMode>{"REPLICATE", PaddingMode::replicate},
    config::Word<PaddingMode>{"CIRCULAR", PaddingMode::circular},
};

PaddingMode read_padding_mode(const config::Section& layer) {
  return config::read_choice(layer, "padding_mode", kPaddingModes).value_or(PaddingMode::zeros);
}

}  // namespace

LayerKindHandle kinds::conv1d(const Conv1d::Options& options) {
  return std::make_shared<ConvolutionKind<Conv1d, false>>(options);
}

LayerKindHandle kinds::conv2d(const Conv2d::Options& options) {
  return std::make_shared<ConvolutionKind<Conv2d, true>>(options);
}

LayerKindHandle kinds::conv_transpose1d(const ConvTranspose1d::Options& options) {
  return std::make_shared<ConvolutionKind<ConvTranspose1d, false>>(options);
}

LayerKindHandle kinds::conv_transpose2d(const ConvTranspose2d::Options& options) {
  return std::make_shared<ConvolutionKind<ConvTranspose2d, true>>(options);
}

LayerKindHandle config::read_conv2d(const Section& conv) {
  if (!conv.states("kernel")) conv.missing("kernel", "the size of the window, as in kernel: 3");
  Conv2d::Options options;
  if (conv.states("in_channels")) options.in_channels = conv.whole_number("in_channels", kSize);
  options.out_channels = conv.whole_number("out_channels", kSize);
  std::tie(options.kernel_height, options.kernel_width) = read_pair(conv, "kernel", kSize, 1);
  std::tie(options.stride_height, options.stride_width) = read_pair(conv, "stride", kSize, 1);
  std::tie(options.padding_height, options.padding_width) = read_pair(conv, "padding", kSizeOrZero, 0);
  std::tie(options.dilation_height, options.dilation_width) = read_pair(conv, "dilation", kSize, 1);
  options.groups = conv.whole_number("groups", kSize);
  options.bias = conv.flag("bias");
  options.padding_same = conv.flag("padding_same");
  options.padding_mode = read_padding_mode(conv);
  return kinds::conv2d(options);
}

LayerKindHandle config::read_conv1d(const Section& conv) {
  Conv1d::Options options;
  if (conv.states("in_channels")) options.in_channels = conv.whole_number("in_channels", kSize);
  options.out_channels = conv.whole_number("out_channels", kSize);
  options.kernel = conv.whole_number("kernel", kSize);
  options.stride = conv.whole_number("stride", kSize);
  options.padding = conv.whole_number("padding", kSizeOrZero);
  options.dilation = conv.whole_number("dilation", kSize);
  options.groups = conv.whole_number("groups", kSize);
  options.bias = conv.flag("bias");
  options.padding_same = conv.flag("padding_same");
  options.padding_mode = read_padding_mode(conv);
  return kinds::conv1d(options);
}

LayerKindHandle config::read_conv_transpose2d(const Section& conv) {
  if (!conv.states("kernel")) conv.missing("kernel", "the size of the window, as in kernel: 3");
  ConvTranspose2d::Options options;
  if (conv.states("in_channels")) options.in_channels = conv.whole_number("in_channels", kSize);
  options.out_channels = conv.whole_number("out_channels", kSize);
  std::tie(options.kernel_height, options.kernel_width) = read_pair(conv, "kernel", kSize, 1);
  std::tie(options.stride_height, options.stride_width) = read_pair(conv, "stride", kSize, 1);
  std::tie(options.padding_height, options.padding_width) = read_pair(conv, "padding", kSizeOrZero, 0);
  std::tie(options.output_padding_height, options.output_padding_width) =
      read_pair(conv, "output_padding", kSizeOrZero, 0);
  std::tie(options.dilation_height, options.dilation_width) = read_pair(conv, "dilation", kSize, 1);
  options.groups = conv.whole_number("groups", kSize);
  options.bias = conv.flag("bias");
  return kinds::conv_transpose2d(options);
}

LayerKindHandle config::read_conv_transpose1d(const Section& conv) {
  ConvTranspose1d::Options options;
  if (conv.states("in_channels")) options.in_channels = conv.whole_number("in_channels", kSize);
  options.out_channels = conv.whole_number("out_channels", kSize);
  options.kernel = conv.whole_number("kernel", kSize);
  options.stride = conv.whole_number("stride", kSize);
  options.padding = conv.whole_number("padding", kSizeOrZero);
  options.output_padding = conv.whole_number("output_padding", kSizeOrZero);
  options.dilation = conv.whole_number("dilation", kSize);
  options.groups = conv.whole_number("groups", kSize);
  options.bias = conv.flag("bias");
  return kinds::conv_transpose1d(options);
}

}  // namespace dpml
