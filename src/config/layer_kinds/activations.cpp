#include "dpml/layers/activations.h"

#include "dpml/config/layer_kinds.h"
#include "dpml/layers/softmax.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

template <class L>
class ActivationKind final : public config::KindOf<L> {
 public:
  using config::KindOf<L>::KindOf;

  config::LayerKind::Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    fit.accepts(L::problem_of(this->options_));
    return {nullptr, in};
  }
};

class PReluKind final : public config::KindOf<PReLU> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.accepts(PReLU::problem_of(options_))) return {nullptr, in};
    const Index count = options_.num_parameters;
    if (count != 1 && (in.rank() == 0 || in[-1] != count)) {
      fit.problem("num_parameters", "is " + std::to_string(count) + ", but the input is " + in.to_text() +
                                        "; state 1, or the length of its last axis");
    }
    return {nullptr, in};
  }

  std::vector<WeightSize> weights() const override { return {{"weight", {options_.num_parameters}}}; }
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
  return std::make_shared<ActivationKind<LeakyReLU>>(options);
}

LayerKindHandle kinds::silu() {
  return std::make_shared<config::PlainKind<SiLU>>();
}

LayerKindHandle kinds::elu(const ELU::Options& options) {
  return std::make_shared<ActivationKind<ELU>>(options);
}

LayerKindHandle kinds::selu() {
  return std::make_shared<config::PlainKind<SELU>>();
}

LayerKindHandle kinds::softplus(const Softplus::Options& options) {
  return std::make_shared<ActivationKind<Softplus>>(options);
}

LayerKindHandle kinds::hardswish() {
  return std::make_shared<config::PlainKind<Hardswish>>();
}

LayerKindHandle kinds::prelu(const PReLU::Options& options) {
  return std::make_shared<PReluKind>(options);
}

LayerKindHandle kinds::softmax() {
  return std::make_shared<config::PlainKind<Softmax>>();
}

LayerKindHandle kinds::log_softmax() {
  return std::make_shared<config::PlainKind<LogSoftmax>>();
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

LayerKindHandle config::read_silu(const Section&) {
  return kinds::silu();
}

LayerKindHandle config::read_elu(const Section& elu) {
  return kinds::elu({.alpha = elu.number("alpha", kFinite)});
}

LayerKindHandle config::read_selu(const Section&) {
  return kinds::selu();
}

LayerKindHandle config::read_softplus(const Section& softplus) {
  return kinds::softplus(
      {.beta = softplus.number("beta", kPositive), .threshold = softplus.number("threshold", kNotNegative)});
}

LayerKindHandle config::read_hardswish(const Section&) {
  return kinds::hardswish();
}

LayerKindHandle config::read_prelu(const Section& prelu) {
  return kinds::prelu(
      {.num_parameters = prelu.whole_number("num_parameters", kSize), .init = prelu.number("init", kFinite)});
}

LayerKindHandle config::read_softmax(const Section&) {
  return kinds::softmax();
}

LayerKindHandle config::read_log_softmax(const Section&) {
  return kinds::log_softmax();
}

LayerKindHandle config::read_leaky_relu(const Section& relu) {
  return kinds::leaky_relu({.negative_slope = relu.number("negative_slope", kFinite)});
}

}  // namespace dpml
