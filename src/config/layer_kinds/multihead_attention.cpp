#include "dpml/layers/multihead_attention.h"

#include <cmath>
#include <limits>

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

  /// Heads have two axes: those of keys and values, and the queries that share one of them.
  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const Index width = options_.embed_dim / options_.num_heads;
    const Index shared_by = options_.num_heads / options_.kv_heads();
    const auto heads = [&](Part part, Index queries, const config::OnnxGraph::Numbers& order) {
      const std::string rows = projected(part, x, graph);
      const std::string split = graph.reshape(rows, {0, 0, options_.kv_heads(), queries, width});
      const bool turns = options_.rotary && part != Part::value;
      return graph.transpose(turns ? rotated(split, part, in[0], graph) : split, order);
    };
    const std::string queries = heads(Part::query, shared_by, {0, 2, 3, 1, 4});
    const std::string keys = heads(Part::key, 1, {0, 2, 3, 4, 1});
    const std::string values = heads(Part::value, 1, {0, 2, 3, 1, 4});
    const auto factor = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
    std::string scores = graph.node("Mul", {graph.node("MatMul", {queries, keys}), graph.constant(factor)});
    if (options_.causal) scores = graph.node("Add", {scores, graph.constant("mask", causal_mask(in[0]))});
    const std::string shares = graph.node("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
    const std::string y = graph.transpose(graph.node("MatMul", {shares, values}), {0, 3, 1, 2, 4});
    return with_bias(graph.reshape(y, {0, 0, options_.embed_dim}), graph.weight("out_proj.weight"),
                     options_.bias ? graph.weight("out_proj.bias") : "", graph);
  }

 private:
  enum class Part { query, key, value };

  /// x weight^T + bias.
  static std::string with_bias(const std::string& x, const std::string& weight, const std::string& bias,
                               config::OnnxGraph& graph) {
    const std::string y = graph.node("MatMul", {x, graph.transpose(weight, {1, 0})});
    return bias.empty() ? y : graph.node("Add", {y, bias});
  }

  std::string projected(Part part, const std::string& x, config::OnnxGraph& graph) const {
    const Index features = options_.embed_dim;
    const Index kv_features = options_.kv_features();
    const Index begin = part == Part::query ? 0 : part == Part::key ? features : features + kv_features;
    const Index end = begin + (part == Part::query ? features : kv_features);
    const char* name = part == Part::query ? "q_proj_weight" : part == Part::key ? "k_proj_weight" : "v_proj_weight";
    const std::string weight =
        kv_features == features ? graph.slice(graph.weight("in_proj_weight"), 0, begin, end) : graph.weight(name);
    return with_bias(x, weight, options_.bias ? graph.slice(graph.weight("in_proj_bias"), 0, begin, end) : "", graph);
  }

  /// x [N, T, ..., ..., width], turned by the angles of rotary positions: the numbers times cosines, and the other ones
  /// of their pairs times sines.
  std::string rotated(const std::string& x, Part part, Index positions, config::OnnxGraph& graph) const {
    const Index width = options_.embed_dim / options_.num_heads;
    Tensor cosines(Shape{positions, 1, 1, width});
    Tensor sines(cosines.shape());
    config::OnnxGraph::Numbers others;
    for (Index i = 0; i < width; ++i) others.push_back(i % 2 == 0 ? i + 1 : i - 1);
    for (Index t = 0; t < positions; ++t) {
      for (Index i = 0; i < width; ++i) {
        const double angle = MultiheadAttention::rotary_angle(t, i / 2, width);
        cosines.mutable_data()[t * width + i] = static_cast<float>(std::cos(angle));
        sines.mutable_data()[t * width + i] = static_cast<float>(i % 2 == 0 ? -std::sin(angle) : std::sin(angle));
      }
    }
    const std::string of = part == Part::query ? "_of_queries" : "_of_keys";
    const std::string other = graph.node("Gather", {x, graph.constant(others)}, {{"axis", std::int64_t{-1}}});
    return graph.node("Add", {graph.node("Mul", {x, graph.constant("cosines" + of, cosines)}),
                              graph.node("Mul", {other, graph.constant("sines" + of, sines)})});
  }

  static Tensor causal_mask(Index positions) {
    Tensor mask = Tensor::zeros(Shape{positions, positions});
    for (Index t = 0; t < positions; ++t) {
      for (Index later = t + 1; later < positions; ++later) {
        mask.mutable_data()[t * positions + later] = -std::numeric_limits<float>::infinity();
      }
    }
    return mask;
  }
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
