#include "dpml/layers/dropout.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class DropoutKind final : public config::KindOf<Dropout> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    fit.accepts(Dropout::problem_of(options_));
    return {nullptr, in};
  }

  std::string onnx(const std::string& x, const Shape&, config::OnnxGraph&) const override { return x; }

  /// Nothing is recorded but in training.
  Shape count(const Shape& in, config::SizeCounter&) const override { return in; }
};

}  // namespace

LayerKindHandle kinds::dropout(const Dropout::Options& options) {
  return std::make_shared<DropoutKind>(options);
}

LayerKindHandle config::read_dropout(const Section& dropout) {
  return kinds::dropout({.probability = dropout.number("probability", kUnitBelowOne)});
}

}  // namespace dpml
