#include "dpml/layers/activations.h"

#include <numbers>

#include "dpml/config/layer_kinds.h"
#include "dpml/layers/softmax.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

using config::OnnxGraph;

/// One without options, which is what `write` makes of it.
template <class L>
class PlainActivationKind final : public config::PlainKind<L> {
 public:
  using Write = std::string (*)(const std::string& x, OnnxGraph& graph);
  explicit PlainActivationKind(Write write) : write_(write) {}

  std::string onnx(const std::string& x, const Shape&, OnnxGraph& graph) const override { return write_(x, graph); }

 private:
  Write write_;
};

template <class L>
LayerKindHandle plain(typename PlainActivationKind<L>::Write write) {
  return std::make_shared<PlainActivationKind<L>>(write);
}

std::string write_gelu(const std::string& x, OnnxGraph& graph) {
  const std::string erf = graph.node("Erf", {graph.node("Mul", {x, graph.constant(std::numbers::sqrt2_v<float> / 2)})});
  const std::string twice_share = graph.node("Add", {erf, graph.constant(1)});
  return graph.node("Mul", {graph.node("Mul", {x, graph.constant(0.5F)}), twice_share});
}

std::string write(const LeakyReLU::Options& options, const std::string& x, OnnxGraph& graph) {
  return graph.node("LeakyRelu", {x}, {{"alpha", static_cast<float>(options.negative_slope)}});
}

std::string write(const ELU::Options& options, const std::string& x, OnnxGraph& graph) {
  return graph.node("Elu", {x}, {{"alpha", static_cast<float>(options.alpha)}});
}

std::string write(const Softplus::Options& options, const std::string& x, OnnxGraph& graph) {
  const std::string beta = graph.constant(static_cast<float>(options.beta));
  const std::string scaled = graph.node("Mul", {x, beta});
  const std::string is_straight =
      graph.node("Greater", {scaled, graph.constant(static_cast<float>(options.threshold))});
  return graph.node("Where", {is_straight, x, graph.node("Div", {graph.node("Softplus", {scaled}), beta})});
}

template <class L>
class ActivationKind final : public config::KindOf<L> {
 public:
  using config::KindOf<L>::KindOf;

  std::string onnx(const std::string& x, const Shape&, OnnxGraph& graph) const override {
    return write(this->options_, x, graph);
  }

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

  std::string onnx(const std::string& x, const Shape&, OnnxGraph& graph) const override {
    return graph.node("PRelu", {x, graph.weight("weight")});
  }

  std::vector<WeightSize> weights() const override { return {{"weight", {options_.num_parameters}}}; }
};

}  // namespace

LayerKindHandle kinds::relu() {
  return plain<ReLU>([](const std::string& x, OnnxGraph& graph) { return graph.node("Relu", {x}); });
}

LayerKindHandle kinds::tanh() {
  return plain<Tanh>([](const std::string& x, OnnxGraph& graph) { return graph.node("Tanh", {x}); });
}

LayerKindHandle kinds::gelu() {
  return plain<GELU>(write_gelu);
}

LayerKindHandle kinds::sigmoid() {
  return plain<Sigmoid>([](const std::string& x, OnnxGraph& graph) { return graph.node("Sigmoid", {x}); });
}

LayerKindHandle kinds::leaky_relu(const LeakyReLU::Options& options) {
  return std::make_shared<ActivationKind<LeakyReLU>>(options);
}

LayerKindHandle kinds::silu() {
  return plain<SiLU>([](const std::string& x, OnnxGraph& graph) {
    return graph.node("Mul", {x, graph.node("Sigmoid", {x})});
  });
}

LayerKindHandle kinds::elu(const ELU::Options& options) {
  return std::make_shared<ActivationKind<ELU>>(options);
}

LayerKindHandle kinds::selu() {
  return plain<SELU>([](const std::string& x, OnnxGraph& graph) {
    return graph.node("Selu", {x}, {{"alpha", 1.6732632423543772F}, {"gamma", 1.0507009873554805F}});
  });
}

LayerKindHandle kinds::softplus(const Softplus::Options& options) {
  return std::make_shared<ActivationKind<Softplus>>(options);
}

LayerKindHandle kinds::hardswish() {
  return plain<Hardswish>([](const std::string& x, OnnxGraph& graph) { return graph.node("HardSwish", {x}); });
}

LayerKindHandle kinds::prelu(const PReLU::Options& options) {
  return std::make_shared<PReluKind>(options);
}

LayerKindHandle kinds::softmax() {
  return plain<Softmax>([](const std::string& x, OnnxGraph& graph) {
    return graph.node("Softmax", {x}, {{"axis", std::int64_t{-1}}});
  });
}

LayerKindHandle kinds::log_softmax() {
  return plain<LogSoftmax>([](const std::string& x, OnnxGraph& graph) {
    return graph.node("LogSoftmax", {x}, {{"axis", std::int64_t{-1}}});
  });
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
