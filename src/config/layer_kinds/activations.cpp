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

class LeakyReluKind final : public config::KindOf<LeakyReLU> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    fit.accepts(LeakyReLU::problem_of(options_));
    return {nullptr, in};
  }
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

LayerKindHandle kinds::leaky_relu(const LeakyReLU::Options& options) {
  return std::make_shared<LeakyReluKind>(options);
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

LayerKindHandle config::read_leaky_relu(const Section& relu) {
  return kinds::leaky_relu({.negative_slope = relu.number("negative_slope", kFinite)});
}

}  // namespace dpml
