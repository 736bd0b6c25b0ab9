#include "dpml/layers/softmax.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class SoftmaxKind final : public config::LayerKind {
 public:
  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.has_last_axis(in)) return {};
    return {nullptr, in};
  }
  std::unique_ptr<Layer> build(Rng&) const override { return std::make_unique<Softmax>(); }
  Shape count(const Shape& in, config::SizeCounter& counter) const override { return counter.recorded(in); }
};

}  // namespace

LayerKindHandle kinds::softmax() {
  return std::make_shared<SoftmaxKind>();
}

LayerKindHandle config::read_softmax(const Section&) {
  return kinds::softmax();
}

}  // namespace dpml
