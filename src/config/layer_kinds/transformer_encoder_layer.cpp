#include "dpml/layers/transformer_encoder_layer.h"

#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "layer_kinds/attention_sizes.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

using Function = TransformerEncoderLayer::Activation;

constexpr std::array kActivations{
    config::Word<Function>{"RELU", Function::relu},
    config::Word<Function>{"GELU", Function::gelu},
    config::Word<Function>{"SWIGLU", Function::swiglu},
};

class TransformerEncoderLayerKind final : public config::KindOf<TransformerEncoderLayer> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.is_sequence(in)) return {};
    TransformerEncoderLayerKind sized(options_);
    fit.agree("d_model", sized.options_.d_model, in[1], in);
    if (!fit.accepts(TransformerEncoderLayer::problem_of(sized.options_))) return {};
    sized.weights();  // throw when they can not be counted
    config::attention_kept(sized.options_.attention(), in);
    Shape{in[0], options_.dim_feedforward};
    return {std::make_shared<TransformerEncoderLayerKind>(sized.options_), in};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const auto add = [&](const std::string& a, const std::string& b) { return graph.node("Add", {a, b}); };
    const auto part = [&](const std::string& name, const LayerKindHandle& kind, const std::string& of) {
      return graph.inside({{.name = name, .kind = kind}}, "", of, in);
    };
    const auto norm = [&](const std::string& name, const std::string& of) {
      return part(name, kinds::layer_norm({.normalized = {options_.d_model}, .epsilon = options_.layer_norm_eps}), of);
    };
    const LayerKindHandle attention = kinds::multihead_attention(options_.attention());
    if (options_.norm_first) {
      const std::string middle = add(x, part("self_attn", attention, norm("norm1", x)));
      return add(middle, feedforward(norm("norm2", middle), in, graph));
    }
    const std::string middle = norm("norm1", add(x, part("self_attn", attention, x)));
    return norm("norm2", add(middle, feedforward(middle, in, graph)));
  }

  std::vector<WeightSize> weights() const override {
    const Index outer = options_.d_model;
    const Index inner = options_.dim_feedforward;
    std::vector<WeightSize> weights;
    for (const WeightSize& weight : config::attention_weights(options_.attention())) {
      weights.push_back({"self_attn." + weight.name, weight.shape});
    }
    const auto add = [&](const std::string& layer, const Shape& weight) {
      weights.push_back({layer + ".weight", weight});
      weights.push_back({layer + ".bias", {weight[0]}});
    };
    add("linear1", {inner, outer});
    add("linear2", {outer, inner});
    if (options_.has_linear3()) add("linear3", {inner, outer});
    add("norm1", {outer});
    add("norm2", {outer});
    return weights;
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    for (const WeightSize& weight : weights()) counter.weight(weight.name, weight.shape);
    for (const Shape& kept : config::attention_kept(options_.attention(), in)) counter.kept(kept);
    const int outer = 7;  // attention two, linear2, norms two, sums two
    const int inner = options_.has_linear3() ? 4 : 2;
    for (int i = 0; i < inner; ++i) counter.recorded({in[0], options_.dim_feedforward});
    for (int i = 0; i < outer; ++i) counter.recorded(in);
    return in;
  }

 private:
  std::string feedforward(const std::string& x, const Shape& in, config::OnnxGraph& graph) const {
    const Shape inside{in[0], options_.dim_feedforward};
    const auto up = [&](const std::string& name, const LayerKindHandle& function) {
      std::vector<LayerSpec> layers{linear(name, options_.d_model, options_.dim_feedforward)};
      if (function) layers.push_back({.name = "activation", .kind = function});
      return graph.inside(layers, "", x, in);
    };
    const auto down = [&](const std::string& y) {
      return graph.inside({linear("linear2", options_.dim_feedforward, options_.d_model)}, "", y, inside);
    };
    switch (options_.activation) {
      case Function::relu:
        return down(up("linear1", kinds::relu()));
      case Function::gelu:
        return down(up("linear1", kinds::gelu()));
      case Function::swiglu:
        return down(graph.node("Mul", {up("linear1", kinds::silu()), up("linear3", nullptr)}));
    }
    throw InternalError("TransformerEncoderLayer::Activation: not one of the enumerated values");
  }

  static LayerSpec linear(const std::string& name, Index in, Index out) {
    return {.name = name, .kind = kinds::linear({.in = in, .out = out})};
  }
};

}  // namespace

LayerKindHandle kinds::transformer_encoder_layer(const TransformerEncoderLayer::Options& options) {
  return std::make_shared<TransformerEncoderLayerKind>(options);
}

LayerKindHandle config::read_transformer_encoder_layer(const Section& block) {
  TransformerEncoderLayer::Options options;
  if (block.states("d_model")) options.d_model = block.whole_number("d_model", kSize);
  options.nhead = block.whole_number("nhead", kSize);
  options.dim_feedforward = block.whole_number("dim_feedforward", kSize);
  options.activation = read_choice(block, "activation", kActivations).value_or(Function::relu);
  options.layer_norm_eps = block.number("layer_norm_eps", kPositive);
  options.norm_first = block.flag("norm_first");
  options.causal = block.flag("causal");
  if (block.states("num_kv_heads")) options.num_kv_heads = block.whole_number("num_kv_heads", kSize);
  options.rotary = block.flag("rotary");
  return kinds::transformer_encoder_layer(options);
}

}  // namespace dpml
