#include "dpml/layers/activations.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

/// A function of every number, without options.
template <class Activation>
class ActivationKind final : public config::LayerKind {
 public:
  Fitted fitted(const Shape& in, const config::Fit&) const override { return {nullptr, in}; }
  std::unique_ptr<Layer> build(Rng&) const override { return std::make_unique<Activation>(); }
  Shape count(const Shape& in, config::SizeCounter& counter) const override { return counter.recorded(in); }
};

}  // namespace

LayerKindHandle kinds::relu() {
  return std::make_shared<ActivationKind<ReLU>>();
}

LayerKindHandle kinds::tanh() {
  return std::make_shared<ActivationKind<Tanh>>();
}

LayerKindHandle kinds::gelu() {
  return std::make_shared<ActivationKind<GELU>>();
}

LayerKindHandle kinds::sigmoid() {
  return std::make_shared<ActivationKind<Sigmoid>>();
}

LayerKindHandle config::read_relu(const Section&) {
  return kinds::relu();
}

LayerKindHandle config::read_tanh(const Section&) {
  return kinds::tanh();
}

LayerKindHandle config::read_gelu(const Section&) {
  return kinds::gelu();
}

LayerKindHandle config::read_sigmoid(const Section&) {
  return kinds::sigmoid();
}

}  // namespace dpml
