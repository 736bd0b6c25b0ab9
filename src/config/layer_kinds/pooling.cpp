#include "dpml/layers/pooling.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

template <class Pool>
class PoolKind final : public config::KindOf<Pool> {
 public:
  using config::KindOf<Pool>::KindOf;
  using Fitted = config::LayerKind::Fitted;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.is_image(in) || !fit.accepts(Pool::problem_of(this->options_))) return {};
    return {nullptr,
            fit.window([&](const std::string& place) { return Pool::output_shape(this->options_, in, place); })};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    using Numbers = std::vector<std::int64_t>;
    const auto& o = this->options_;
    const Index stride = o.stride > 0 ? o.stride : o.kernel;
    std::vector<onnx::Attribute> attributes{{"kernel_shape", Numbers{o.kernel, o.kernel}},
                                            {"strides", Numbers{stride, stride}},
                                            {"pads", Numbers{o.padding, o.padding, o.padding, o.padding}}};
    if constexpr (std::is_same_v<Pool, AvgPool2d>) {
      attributes.push_back({"count_include_pad", std::int64_t{o.count_include_pad}});
    }
    const std::string op = std::is_same_v<Pool, AvgPool2d> ? "AveragePool" : "MaxPool";
    return graph.channels_last(graph.node(op, {graph.channels_second(x, in.rank())}, attributes), in.rank());
  }
};

template <class Options>
Options read_window(const config::Section& pool) {
  Options options;
  options.kernel = pool.whole_number("kernel", config::kSize);
  if (pool.states("stride")) options.stride = pool.whole_number("stride", config::kSize);
  options.padding = pool.whole_number("padding", config::kSizeOrZero);
  return options;
}

}  // namespace

LayerKindHandle kinds::max_pool2d(const MaxPool2d::Options& options) {
  return std::make_shared<PoolKind<MaxPool2d>>(options);
}

LayerKindHandle kinds::avg_pool2d(const AvgPool2d::Options& options) {
  return std::make_shared<PoolKind<AvgPool2d>>(options);
}

LayerKindHandle config::read_max_pool2d(const Section& pool) {
  return kinds::max_pool2d(read_window<MaxPool2d::Options>(pool));
}

LayerKindHandle config::read_avg_pool2d(const Section& pool) {
  AvgPool2d::Options options = read_window<AvgPool2d::Options>(pool);
  options.count_include_pad = pool.flag("count_include_pad");
  return kinds::avg_pool2d(options);
}

}  // namespace dpml
