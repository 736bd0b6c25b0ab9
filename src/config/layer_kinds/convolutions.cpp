#include <array>
#include <tuple>

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"
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

/// Of images, or of sequences; transposed or not.
template <class L, bool of_images>
class ConvolutionKind final : public config::KindOf<L> {
 public:
  using config::KindOf<L>::KindOf;
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
    if constexpr (std::is_same_v<L, Conv2d>) {
      return convolution(x, in, graph);
    } else {
      graph.refuse_onnx();
    }
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

 private:
  std::string convolution(const std::string& x, const Shape& in, config::OnnxGraph& graph) const {
    using Numbers = std::vector<std::int64_t>;
    const auto& o = this->options_;
    if (o.padding_mode != PaddingMode::zeros) graph.refuse_onnx();
    const Index height = o.padding_same ? o.dilation_height * (o.kernel_height - 1) : 2 * o.padding_height;
    const Index width = o.padding_same ? o.dilation_width * (o.kernel_width - 1) : 2 * o.padding_width;
    std::vector<std::string> inputs{graph.channels_second(x, in.rank()), graph.weight("weight")};
    if (o.bias) inputs.push_back(graph.weight("bias"));
    const std::string y = graph.node("Conv", inputs,
                                     {{"kernel_shape", Numbers{o.kernel_height, o.kernel_width}},
                                      {"strides", Numbers{o.stride_height, o.stride_width}},
                                      {"pads", Numbers{height / 2, width / 2, height - height / 2, width - width / 2}},
                                      {"dilations", Numbers{o.dilation_height, o.dilation_width}},
                                      {"group", o.groups}});
    return graph.channels_last(y, in.rank());
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
