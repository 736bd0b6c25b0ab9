#include "dpml/layers/pooling.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"
#include "layer_kinds/onnx_windows.h"
#include "layer_kinds/pairs.h"

namespace dpml {

namespace {

using Axes = std::vector<config::WindowAxis>;

config::WindowAxis axis_of(Index kernel, Index stride, Index padding) {
  return {.kernel = kernel, .stride = stride, .before = padding, .behind = padding};
}

template <class Options>
Axes axes_of(const Options& o) {
  const Index stride = o.stride > 0 ? o.stride : o.kernel;
  if constexpr (requires { o.kernel_width; }) {
    const Index width = o.kernel_width.value_or(o.kernel);
    return {
        axis_of(o.kernel, stride, o.padding),
        axis_of(width, o.stride_width.value_or(o.stride > 0 ? o.stride : width), o.padding_width.value_or(o.padding))};
  } else {
    return {axis_of(o.kernel, stride, o.padding)};
  }
}

/// How far the last of `windows` leaves `length` places and their padding, as it may in ceil_mode.
Index beyond(const config::WindowAxis& axis, Index length, Index windows) {
  return std::max<Index>(0, (windows - 1) * axis.stride + axis.kernel - (axis.before + length + axis.behind));
}

/// One axis, `windows` of which become a place each, as AdaptivePool2dOptions has them.
std::string reduced(const std::string& op, const std::string& x, Index axis, Index length, Index windows,
                    config::OnnxGraph& graph) {
  std::vector<std::string> places;
  for (Index i = 0; i < windows; ++i) {
    const Index begin = i * length / windows;
    const Index end = ((i + 1) * length + windows - 1) / windows;
    places.push_back(graph.reduce(op, graph.slice(x, axis, begin, end), {axis}, true));
  }
  return graph.concat(places, axis);
}

/// Of images, or of sequences.
template <class Pool, bool of_images>
class PoolKind final : public config::KindOf<Pool> {
 public:
  using config::KindOf<Pool>::KindOf;
  using Fitted = config::LayerKind::Fitted;

  static constexpr bool is_mean = std::is_same_v<Pool, AvgPool1d> || std::is_same_v<Pool, AvgPool2d> ||
                                  std::is_same_v<Pool, AdaptiveAvgPool1d> || std::is_same_v<Pool, AdaptiveAvgPool2d>;
  /// Whether the size of windows is stated; else their number.
  static constexpr bool slides = requires(const typename Pool::Options& options) { options.kernel; };

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    const bool fits = of_images ? fit.is_image(in) : fit.is_sequence(in);
    if (!fits || !fit.accepts(Pool::problem_of(this->options_))) return {};
    const auto output_shape = [&](const std::string& place) { return Pool::output_shape(this->options_, in, place); };
    return {nullptr, fit.window(output_shape, slides ? "kernel" : "output_size")};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const Shape out = Pool::output_shape(this->options_, in);
    if constexpr (slides) {
      return slid(x, in, out, graph);
    } else {
      return divided(x, in, out, graph);
    }
  }

 private:
  std::string slid(std::string x, const Shape& in, const Shape& out, config::OnnxGraph& graph) const {
    Axes axes = axes_of(this->options_);
    std::vector<Index> beyond_padding;
    for (const config::WindowAxis& axis : axes) {
      const auto at = std::ssize(beyond_padding);
      beyond_padding.push_back(beyond(axis, in[at], out[at]));
    }
    bool counts_padding = false;
    if constexpr (is_mean) counts_padding = this->options_.count_include_pad;
    if (counts_padding && this->options_.ceil_mode) {  // what is beyond the padding does not count
      x = config::padded(x, axes, "constant", graph);
      config::take_padding(axes);
      counts_padding = false;
    }
    for (std::size_t i = 0; i < axes.size(); ++i) axes[i].behind += beyond_padding[i];
    return pooled(x, axes, counts_padding, graph);
  }

  std::string divided(std::string x, const Shape& in, const Shape& out, config::OnnxGraph& graph) const {
    Axes axes;
    bool is_even = true;
    for (Index axis = 0; axis + 1 < in.rank(); ++axis) {
      is_even = is_even && in[axis] % out[axis] == 0;
      axes.push_back(axis_of(in[axis] / out[axis], in[axis] / out[axis], 0));
    }
    if (is_even) return pooled(x, axes, false, graph);
    for (Index axis = 0; axis + 1 < in.rank(); ++axis) {
      x = reduced(is_mean ? "ReduceMean" : "ReduceMax", x, axis + 1, in[axis], out[axis], graph);
    }
    return x;
  }

  std::string pooled(const std::string& x, const Axes& axes, bool counts_padding, config::OnnxGraph& graph) const {
    const auto sample_rank = std::ssize(axes) + 1;
    std::vector<onnx::Attribute> attributes = config::window_attributes(axes);
    if (is_mean) attributes.push_back({"count_include_pad", std::int64_t{counts_padding}});
    const std::string y =
        graph.node(is_mean ? "AveragePool" : "MaxPool", {graph.channels_second(x, sample_rank)}, attributes);
    return graph.channels_last(y, sample_rank);
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
