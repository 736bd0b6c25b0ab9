#include "dpml/layers/over_positions.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

template <class L>
class OverPositionsKind final : public config::PlainKind<L> {
 public:
  /// `op` is that of ONNX.
  explicit OverPositionsKind(std::string op) : op_(std::move(op)) {}

  config::LayerKind::Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (in.rank() >= 2) return {nullptr, L().output_shape(in)};
    fit.problem("needs positions [..., features], but the input is " + in.to_text());
    return {};
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    if (in.rank() > 2) counter.recorded(in);  // as positions in one axis
    return counter.recorded(L().output_shape(in));
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    config::OnnxGraph::Numbers axes;
    for (Index axis = 1; axis < in.rank(); ++axis) axes.push_back(axis);
    return graph.reduce(op_, x, axes);
  }

 private:
  std::string op_;
};

}  // namespace

LayerKindHandle kinds::sum_over_positions() {
  return std::make_shared<OverPositionsKind<SumOverPositions>>("ReduceSum");
}

LayerKindHandle kinds::mean_over_positions() {
  return std::make_shared<OverPositionsKind<MeanOverPositions>>("ReduceMean");
}

LayerKindHandle kinds::max_over_positions() {
  return std::make_shared<OverPositionsKind<MaxOverPositions>>("ReduceMax");
}

LayerKindHandle config::read_sum_over_positions(const Section&) {
  return kinds::sum_over_positions();
}

LayerKindHandle config::read_mean_over_positions(const Section&) {
  return kinds::mean_over_positions();
}

LayerKindHandle config::read_max_over_positions(const Section&) {
  return kinds::max_over_positions();
}

}  // namespace dpml
