#include "dpml/layers/conv2d.h"

#include <algorithm>
#include <tuple>

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class Conv2dKind final : public config::KindOf<Conv2d> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.is_image(in)) return {};
    Options options = options_;
    fit.agree("in_channels", options.in_channels, in[2], in);
    if (!fit.accepts(Conv2d::problem_of(options))) return {};
    const auto result = fit.window([&](const std::string& place) { return Conv2d::output_shape(options, in, place); });
    return {kinds::conv2d(options), result};
  }

  std::vector<WeightSize> weights() const override {
    std::vector<WeightSize> weights{{"weight",
                                     {options_.out_channels, options_.in_channels / options_.groups,
                                      options_.kernel_height, options_.kernel_width}}};
    if (options_.bias) weights.push_back({"bias", {options_.out_channels}});
    return weights;
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    using Numbers = std::vector<std::int64_t>;
    const Options& o = options_;
    std::vector<std::string> inputs{graph.channels_second(x, in.rank()), graph.weight("weight")};
    if (o.bias) inputs.push_back(graph.weight("bias"));
    const std::string y =
        graph.node("Conv", inputs,
                   {{"kernel_shape", Numbers{o.kernel_height, o.kernel_width}},
                    {"strides", Numbers{o.stride_height, o.stride_width}},
                    {"pads", Numbers{o.padding_height, o.padding_width, o.padding_height, o.padding_width}},
                    {"dilations", Numbers{o.dilation_height, o.dilation_width}},
                    {"group", o.groups}});
    return graph.channels_last(y, in.rank());
  }
};

/// [height, width] of a field with one number or two.
std::pair<Index, Index> read_pair(const config::Section& layer, const std::string& field,
                                  const config::WholeRange& range, Index missing) {
  const std::vector<std::int64_t> numbers = layer.whole_numbers(field, range);
  if (numbers.size() > 2) layer.problem(field, "has more than two numbers; state one, or [height, width]");
  if (numbers.empty()) return {missing, missing};
  return {numbers[0], numbers[std::min<std::size_t>(1, numbers.size() - 1)]};
}

}  // namespace

LayerKindHandle kinds::conv2d(const Conv2d::Options& options) {
  return std::make_shared<Conv2dKind>(options);
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
  return kinds::conv2d(options);
}

}  // namespace dpml
