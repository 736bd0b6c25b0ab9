#include "dpml/layers/multihead_attention.h"

#include <cmath>

#include "dpml/testing.h"
#include "golden.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Options = MultiheadAttention::Options;

LayerMaker attention(const Options& options) {
  return [options](Rng& rng) { return std::make_unique<MultiheadAttention>(options, rng); };
}

TEST(MultiheadAttention, BehavesAsALayer) {
  for (const Options& options :
       {Options{.embed_dim = 6, .num_heads = 2}, Options{.embed_dim = 6, .num_heads = 3, .bias = false, .causal = true},
        Options{.embed_dim = 8, .num_heads = 4, .num_kv_heads = 2, .rotary = true},
        Options{.embed_dim = 4, .num_heads = 2, .num_kv_heads = 1, .bias = false, .causal = true, .rotary = true}}) {
    SCOPED_TRACE(std::to_string(options.embed_dim) + " " + std::to_string(options.num_heads));
    const Index features = options.embed_dim;
    for (const Shape& x :
         {Shape{3, 5, features}, Shape{3, 1, features}, Shape{3, 0, features}, Shape{0, 5, features}}) {
      SCOPED_TRACE(x.to_text());
      EXPECT_NO_THROW(expect_layer_conforms(attention(options), x));
    }
  }
  EXPECT_NO_THROW(expect_layer_conforms(attention({.embed_dim = 34, .num_heads = 2, .causal = true}), {3, 19, 34}));
}

TEST(MultiheadAttention, IsThatOfPyTorch) {
  Rng rng = fixed_rng();
  MultiheadAttention plain({.embed_dim = 6, .num_heads = 2}, rng);
  expect_golden("attention", plain, {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  MultiheadAttention causal({.embed_dim = 6, .num_heads = 3, .bias = false, .causal = true}, rng);
  expect_golden("attention_causal_no_bias", causal, {"in_proj_weight", "out_proj.weight"});
  MultiheadAttention grouped({.embed_dim = 8, .num_heads = 4, .num_kv_heads = 2, .causal = true, .rotary = true}, rng);
  expect_golden(
      "attention_grouped_rotary", grouped,
      {"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
}

TEST(MultiheadAttention, SeesNothingOfTheFutureWhenCausal) {
  Rng rng = fixed_rng();
  const MultiheadAttention layer({.embed_dim = 6, .num_heads = 3, .causal = true, .rotary = true}, rng);
  const Tensor x = random_tensor({2, 7, 6});
  const Tensor all = apply(layer, x);
  for (Index length = 1; length < 7; ++length) {
    Tensor first(Shape{2, length, 6});
    for (Index i = 0; i < first.size(); ++i) {
      first.mutable_data()[i] = x.data()[i / (length * 6) * 42 + i % (length * 6)];
    }
    const Tensor y = apply(layer, first);
    for (Index i = 0; i < y.size(); ++i) EXPECT_EQ(y.data()[i], all.data()[i / (length * 6) * 42 + i % (length * 6)]);
  }
}

TEST(MultiheadAttention, StartsAsPyTorchDoes) {
  Rng rng = fixed_rng();
  MultiheadAttention layer({.embed_dim = 40, .num_heads = 2}, rng);
  const auto parameters = named_parameters(layer);
  const auto largest = [](const Parameter& parameter) {
    double largest = 0;
    for (const float value : parameter.tensor().values()) largest = std::max(largest, std::fabs(double{value}));
    return largest;
  };
  // The largest of 1600 draws or more is within 2 % of the bound, but with probability 1e-14.
  EXPECT_NEAR(largest(*parameters[0].parameter), std::sqrt(6.0 / 160), 0.02 * std::sqrt(6.0 / 160));
  EXPECT_EQ(largest(*parameters[1].parameter), 0);
  EXPECT_NEAR(largest(*parameters[2].parameter), std::sqrt(1.0 / 40), 0.02 * std::sqrt(1.0 / 40));
  EXPECT_EQ(largest(*parameters[3].parameter), 0);
}

TEST(MultiheadAttention, CountsWhatItKeeps) {
  Rng rng = fixed_rng();
  const MultiheadAttention layer({.embed_dim = 6, .num_heads = 2}, rng);
  Tape tape;
  layer.forward(tape, tape.sample(random_tensor({1, 5, 6})));
  EXPECT_EQ(tape.recorded_numbers(), 2 * 5 * 6 + 5 * 18 + 2 * 5 * 5);
}

TEST(MultiheadAttention, RefusesImpossibleOptionsAndShapes) {
  const auto refused = [](const Options& options) {
    return message_of<ConfigError>([&] {
      Rng rng = fixed_rng();
      MultiheadAttention(options, rng);
    });
  };
  EXPECT_EQ(refused({.num_heads = 2}), "MultiheadAttention: embed_dim is 0, expected 1 or more");
  EXPECT_EQ(refused({.embed_dim = 6}), "MultiheadAttention: num_heads is 0, expected 1 or more");
  EXPECT_EQ(refused({.embed_dim = 6, .num_heads = 4}),
            "MultiheadAttention: num_heads is 4, which does not divide the 6 features; state a divisor");
  EXPECT_EQ(refused({.embed_dim = 6, .num_heads = 3, .num_kv_heads = 2}),
            "MultiheadAttention: num_kv_heads is 2, which does not divide the 3 heads; state a divisor");
  EXPECT_EQ(refused({.embed_dim = 6, .num_heads = 3, .num_kv_heads = -1}),
            "MultiheadAttention: num_kv_heads is -1, which does not divide the 3 heads; state a divisor");
  EXPECT_EQ(
      refused({.embed_dim = 6, .num_heads = 2, .rotary = true}),
      "MultiheadAttention: rotary turns pairs of numbers, but a head has 3; choose num_heads so that it has an even "
      "number");
  EXPECT_EQ(refused({.embed_dim = Index{1} << 50, .num_heads = 1}),
            "MultiheadAttention: embed_dim is 1125899906842624, expected at most 1099511627776");
  Rng rng = fixed_rng();
  MultiheadAttention layer({.embed_dim = 6, .num_heads = 2}, rng);
  layer.set_name("first");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 3, 5}));
            }),
            "MultiheadAttention \"first\": x is [B, 3, 5], expected [B, T, 6]");
  EXPECT_EQ(message_of<ShapeError>([&] { layer.output_shape({6}); }),
            "MultiheadAttention \"first\": x is [B, 6], expected [B, T, 6]");
}

}  // namespace
}  // namespace dpml
