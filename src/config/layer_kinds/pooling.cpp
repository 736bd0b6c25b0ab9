#include "dpml/layers/pooling.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"
#include "layer_kinds/pairs.h"

namespace dpml {

namespace {

/// Of images, or of sequences.
template <class Pool, bool of_images>
class PoolKind final : public config::KindOf<Pool> {
 public:
  using config::KindOf<Pool>::KindOf;
  using Fitted = config::LayerKind::Fitted;

  /// Whether the size of windows is stated; else their number.
  static constexpr bool slides = requires(const typename Pool::Options& options) { options.kernel; };

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    const bool fits = of_images ? fit.is_image(in) : fit.is_sequence(in);
    if (!fits || !fit.accepts(Pool::problem_of(this->options_))) return {};
    const auto output_shape = [&](const std::string& place) { return Pool::output_shape(this->options_, in, place); };
    return {nullptr, fit.window(output_shape, slides ? "kernel" : "output_size")};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    if constexpr (std::is_same_v<Pool, MaxPool2d> || std::is_same_v<Pool, AvgPool2d>) {
      return graph.channels_last(windows(graph.channels_second(x, in.rank()), graph), in.rank());
    } else {
      graph.refuse_onnx();
    }
  }

 private:
  std::string windows(const std::string& x, config::OnnxGraph& graph) const {
    using Numbers = std::vector<std::int64_t>;
    const auto& o = this->options_;
    if (o.ceil_mode) graph.refuse_onnx();
    const Index width = o.kernel_width.value_or(o.kernel);
    const Index stride_width = o.stride_width.value_or(o.stride > 0 ? o.stride : width);
    const Index padding_width = o.padding_width.value_or(o.padding);
    std::vector<onnx::Attribute> attributes{{"kernel_shape", Numbers{o.kernel, width}},
                                            {"strides", Numbers{o.stride > 0 ? o.stride : o.kernel, stride_width}},
                                            {"pads", Numbers{o.padding, padding_width, o.padding, padding_width}}};
    if constexpr (std::is_same_v<Pool, MaxPool2d>) return graph.node("MaxPool", {x}, attributes);
    if constexpr (std::is_same_v<Pool, AvgPool2d>) {
      attributes.push_back({"count_include_pad", std::int64_t{o.count_include_pad}});
    }
    return graph.node("AveragePool", {x}, attributes);
  }
};

/// kernel, stride, padding and ceil_mode, which all windows that slide have.
template <class Options>
Options read_window(const config::Section& pool) {
  Options options;
  options.kernel = pool.whole_number("kernel", config::kSize);
  if (pool.states("stride")) options.stride = pool.whole_number("stride", config::kSize);
  options.padding = pool.whole_number("padding", config::kSizeOrZero);
  options.ceil_mode = pool.flag("ceil_mode");
  return options;
}

template <class Options>
Options read_image_window(const config::Section& pool) {
  auto options = read_window<Options>(pool);
  if (pool.states("kernel_width")) options.kernel_width = pool.whole_number("kernel_width", config::kSize);
  if (pool.states("stride_width")) options.stride_width = pool.whole_number("stride_width", config::kSize);
  if (pool.states("padding_width")) options.padding_width = pool.whole_number("padding_width", config::kSizeOrZero);
  return options;
}

AdaptivePool2dOptions read_image_sizes(const config::Section& pool) {
  if (!pool.states("output_size")) pool.missing("output_size", "how many windows there are, as in output_size: 1");
  const auto [height, width] = config::read_pair(pool, "output_size", config::kSize, 1);
  return {.output_height = height, .output_width = width};
}

AdaptivePool1dOptions read_sequence_size(const config::Section& pool) {
  return {.output_size = pool.whole_number("output_size", config::kSize)};
}

}  // namespace

LayerKindHandle kinds::max_pool2d(const MaxPool2d::Options& options) {
  return std::make_shared<PoolKind<MaxPool2d, true>>(options);
}

LayerKindHandle kinds::avg_pool2d(const AvgPool2d::Options& options) {
  return std::make_shared<PoolKind<AvgPool2d, true>>(options);
}

LayerKindHandle kinds::max_pool1d(const MaxPool1d::Options& options) {
  return std::make_shared<PoolKind<MaxPool1d, false>>(options);
}

LayerKindHandle kinds::avg_pool1d(const AvgPool1d::Options& options) {
  return std::make_shared<PoolKind<AvgPool1d, false>>(options);
}

LayerKindHandle kinds::adaptive_avg_pool1d(const AdaptiveAvgPool1d::Options& options) {
  return std::make_shared<PoolKind<AdaptiveAvgPool1d, false>>(options);
}

LayerKindHandle kinds::adaptive_avg_pool2d(const AdaptiveAvgPool2d::Options& options) {
  return std::make_shared<PoolKind<AdaptiveAvgPool2d, true>>(options);
}

LayerKindHandle kinds::adaptive_max_pool1d(const AdaptiveMaxPool1d::Options& options) {
  return std::make_shared<PoolKind<AdaptiveMaxPool1d, false>>(options);
}

LayerKindHandle kinds::adaptive_max_pool2d(const AdaptiveMaxPool2d::Options& options) {
  return std::make_shared<PoolKind<AdaptiveMaxPool2d, true>>(options);
}

LayerKindHandle config::read_max_pool2d(const Section& pool) {
  return kinds::max_pool2d(read_image_window<MaxPool2d::Options>(pool));
}

LayerKindHandle config::read_avg_pool2d(const Section& pool) {
  auto options = read_image_window<AvgPool2d::Options>(pool);
  options.count_include_pad = pool.flag("count_include_pad");
  return kinds::avg_pool2d(options);
}

LayerKindHandle config::read_max_pool1d(const Section& pool) {
  return kinds::max_pool1d(read_window<MaxPool1d::Options>(pool));
}

LayerKindHandle config::read_avg_pool1d(const Section& pool) {
  auto options = read_window<AvgPool1d::Options>(pool);
  options.count_include_pad = pool.flag("count_include_pad");
  return kinds::avg_pool1d(options);
}

LayerKindHandle config::read_adaptive_avg_pool1d(const Section& pool) {
  return kinds::adaptive_avg_pool1d(read_sequence_size(pool));
}

LayerKindHandle config::read_adaptive_avg_pool2d(const Section& pool) {
  return kinds::adaptive_avg_pool2d(read_image_sizes(pool));
}

LayerKindHandle config::read_adaptive_max_pool1d(const Section& pool) {
  return kinds::adaptive_max_pool1d(read_sequence_size(pool));
}

LayerKindHandle config::read_adaptive_max_pool2d(const Section& pool) {
  return kinds::adaptive_max_pool2d(read_image_sizes(pool));
}

}  // namespace dpml
