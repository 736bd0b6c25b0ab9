#include "dpml/layers/over_positions.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

template <class L>
class OverPositionsKind final : public config::PlainKind<L> {
 public:
  config::LayerKind::Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (in.rank() >= 2) return {nullptr, L().output_shape(in)};
    fit.problem("needs positions [..., features], but the input is " + in.to_text());
    return {};
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    if (in.rank() > 2) counter.recorded(in);  // as positions in one axis
    return counter.recorded(L().output_shape(in));
  }
  std::string onnx(const std::string&, const Shape&, config::OnnxGraph& graph) const override { graph.refuse_onnx(); }
};

}  // namespace

LayerKindHandle kinds::sum_over_positions() {
  return std::make_shared<OverPositionsKind<SumOverPositions>>();
}

LayerKindHandle kinds::mean_over_positions() {
  return std::make_shared<OverPositionsKind<MeanOverPositions>>();
}

LayerKindHandle kinds::max_over_positions() {
  return std::make_shared<OverPositionsKind<MaxOverPositions>>();
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
