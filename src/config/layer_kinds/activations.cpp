#include "dpml/layers/activations.h"

#include "dpml/config/layer_kinds.h"
#include "dpml/layers/softmax.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

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
  return std::make_shared<config::PlainKind<ReLU>>();
}

LayerKindHandle kinds::tanh() {
  return std::make_shared<config::PlainKind<Tanh>>();
}

LayerKindHandle kinds::gelu() {
  return std::make_shared<config::PlainKind<GELU>>();
}

LayerKindHandle kinds::sigmoid() {
  return std::make_shared<config::PlainKind<Sigmoid>>();
}

LayerKindHandle kinds::leaky_relu(const LeakyReLU::Options& options) {
  return std::make_shared<LeakyReluKind>(options);
}

LayerKindHandle kinds::softmax() {
  return std::make_shared<config::PlainKind<Softmax>>();
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

LayerKindHandle config::read_softmax(const Section&) {
  return kinds::softmax();
}

LayerKindHandle config::read_leaky_relu(const Section& relu) {
  return kinds::leaky_relu({.negative_slope = relu.number("negative_slope", kFinite)});
}

}  // namespace dpml
