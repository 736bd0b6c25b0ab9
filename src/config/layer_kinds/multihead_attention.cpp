#include "dpml/layers/multihead_attention.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/attention_sizes.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

std::vector<WeightSize> config::attention_weights(const MultiheadAttention::Options& options) {
  const Index features = options.embed_dim;
  const Index kv_features = options.kv_features();
  std::vector<WeightSize> weights;
  if (kv_features == features) {
    weights = {{"in_proj_weight", {3 * features, features}}};
  } else {
    weights = {{"q_proj_weight", {features, features}},
               {"k_proj_weight", {kv_features, features}},
               {"v_proj_weight", {kv_features, features}}};
  }
  if (options.bias) weights.push_back({"in_proj_bias", {features + 2 * kv_features}});
  weights.push_back({"out_proj.weight", {features, features}});
  if (options.bias) weights.push_back({"out_proj.bias", {features}});
  return weights;
}

std::array<Shape, 2> config::attention_kept(const MultiheadAttention::Options& options, const Shape& in) {
  return {Shape{in[0], options.embed_dim + 2 * options.kv_features()}, Shape{options.num_heads, in[0], in[0]}};
}

namespace {

class MultiheadAttentionKind final : public config::KindOf<MultiheadAttention> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.is_sequence(in)) return {};
    Options options = options_;
    fit.agree("embed_dim", options.embed_dim, in[1], in);
    if (!fit.accepts(MultiheadAttention::problem_of(options))) return {};
    config::attention_weights(options);  // throw when they can not be counted
    config::attention_kept(options, in);
    return {kinds::multihead_attention(options), in};
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    for (const WeightSize& weight : config::attention_weights(options_)) counter.weight(weight.name, weight.shape);
    for (const Shape& kept : config::attention_kept(options_, in)) counter.kept(kept);
    counter.recorded(in);
    return counter.recorded(in);
  }
  std::string onnx(const std::string&, const Shape&, config::OnnxGraph& graph) const override { graph.refuse_onnx(); }
};

}  // namespace

LayerKindHandle kinds::multihead_attention(const MultiheadAttention::Options& options) {
  return std::make_shared<MultiheadAttentionKind>(options);
}

LayerKindHandle config::read_multihead_attention(const Section& attention) {
  MultiheadAttention::Options options;
  if (attention.states("embed_dim")) options.embed_dim = attention.whole_number("embed_dim", kSize);
  options.num_heads = attention.whole_number("num_heads", kSize);
  if (attention.states("num_kv_heads")) options.num_kv_heads = attention.whole_number("num_kv_heads", kSize);
  options.bias = attention.flag("bias");
  options.causal = attention.flag("causal");
  options.rotary = attention.flag("rotary");
  return kinds::multihead_attention(options);
}

}  // namespace dpml
