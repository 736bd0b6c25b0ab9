#include "dpml/layers/flatten.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class FlattenKind final : public config::PlainKind<Flatten> {
 public:
  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    return graph.node("Flatten", {in.rank() == 3 ? graph.channels_second(x, 3) : x});
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
