#include "dpml/layers/linear.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class LinearKind final : public config::KindOf<Linear> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.has_last_axis(in)) return {};
    Options options = options_;
    fit.agree("in", options.in, in[-1], in);
    if (!fit.accepts(Linear::problem_of(options))) return {};
    return {kinds::linear(options), Linear::output_shape(options, in)};
  }

  std::optional<MapDown> map_down(Index rank) const override {
    return MapDown{kinds::linear({.in = options_.in, .out = rank, .bias = false}), true};
  }

  std::vector<WeightSize> weights() const override {
    std::vector<WeightSize> weights{{"weight", {options_.out, options_.in}}};
    if (options_.bias) weights.push_back({"bias", {options_.out}});
    return weights;
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    std::vector<std::string> inputs{x, graph.weight("weight")};
    if (in.rank() == 1) {
      if (options_.bias) inputs.push_back(graph.weight("bias"));
      return graph.node("Gemm", inputs, {{"transB", std::int64_t{1}}});
    }
    const std::string y = graph.node("MatMul", {x, graph.node("Transpose", {inputs[1]})});
    return options_.bias ? graph.node("Add", {y, graph.weight("bias")}) : y;
  }
};

}  // namespace

LayerKindHandle kinds::linear(const Linear::Options& options) {
  return std::make_shared<LinearKind>(options);
}

LayerKindHandle config::read_linear(const Section& linear) {
  Linear::Options options;
  if (linear.states("in")) options.in = linear.whole_number("in", kSize);
  options.out = linear.whole_number("out", kSize);
  options.bias = linear.flag("bias");
  return kinds::linear(options);
}

}  // namespace dpml
