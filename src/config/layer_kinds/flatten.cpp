#include "dpml/layers/flatten.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class FlattenKind final : public config::LayerKind {
 public:
  Fitted fitted(const Shape& in, const config::Fit&) const override { return {nullptr, Flatten().output_shape(in)}; }
  std::unique_ptr<Layer> build(Rng&) const override { return std::make_unique<Flatten>(); }
  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    return counter.recorded(Flatten().output_shape(in));
  }
  bool computes(config::IndexWalk&, bool computed_before) const override { return computed_before; }
};

}  // namespace

LayerKindHandle kinds::flatten() {
  return std::make_shared<FlattenKind>();
}

LayerKindHandle config::read_flatten(const Section&) {
  return kinds::flatten();
}

}  // namespace dpml
