#include "dpml/layers/transformer_encoder_layer.h"

#include <cmath>

#include "dpml/testing.h"
#include "golden.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Options = TransformerEncoderLayer::Options;
using Activation = TransformerEncoderLayer::Activation;

TEST(TransformerEncoderLayer, BehavesAsALayer) {
  for (const Options& options :
       {Options{.d_model = 4, .nhead = 2, .dim_feedforward = 3},
        Options{.d_model = 6, .nhead = 2, .dim_feedforward = 5, .activation = Activation::gelu},
        Options{.d_model = 6, .nhead = 3, .dim_feedforward = 4, .activation = Activation::gelu, .norm_first = true},
        Options{.d_model = 8,
        .nhead = 2,
        .dim_feedforward = 3,
        .activation = Activation::swiglu,
        .norm_first = true,
        .causal = true,
        .num_kv_heads = 1,
        .rotary = true}}) {
    const LayerMaker make = [&](Rng& rng) { return std::make_unique<TransformerEncoderLayer>(options, rng); };
    for (const Shape& x : {Shape{3, 4, options.d_model}, Shape{3, 1, options.d_model}, Shape{0, 4, options.d_model}}) {
      SCOPED_TRACE(x.to_text());
      EXPECT_NO_THROW(expect_layer_conforms(make, x));
    }
  }
}

TEST(TransformerEncoderLayer, IsThatOfPyTorch) {
  const std::vector<std::string> names{"self_attn.in_proj_weight",
                                       "self_attn.in_proj_bias",
                                       "self_attn.out_proj.weight",
                                       "self_attn.out_proj.bias",
                                       "linear1.weight",
                                       "linear1.bias",
                                       "linear2.weight",
                                       "linear2.bias",
                                       "norm1.weight",
                                       "norm1.bias",
                                       "norm2.weight",
                                       "norm2.bias"};
  Rng rng = fixed_rng();
  TransformerEncoderLayer plain({.d_model = 6, .nhead = 2, .dim_feedforward = 7}, rng);
  expect_golden("transformer_relu", plain, names);
  TransformerEncoderLayer norm_first({.d_model = 6,
                                      .nhead = 2,
                                      .dim_feedforward = 7,
                                      .activation = Activation::gelu,
                                      .layer_norm_eps = 1e-3,
                                      .norm_first = true},
                                     rng);
  expect_golden("transformer_gelu_norm_first", norm_first, names);
}

/// Without the attention, whose weights are set to 0, y = x + linear2(silu(linear1(z)) * linear3(z)), z = norm2(x).
TEST(TransformerEncoderLayer, GatesItsNetworkWithSwiGLU) {
  Rng rng = fixed_rng();
  TransformerEncoderLayer layer(
      {.d_model = 2, .nhead = 1, .dim_feedforward = 3, .activation = Activation::swiglu, .norm_first = true}, rng);
  std::map<std::string, std::vector<double>> weights;
  for (const NamedParameter& named : named_parameters(layer)) {
    if (named.name.starts_with("self_attn.")) named.parameter->set(Tensor::zeros(named.parameter->shape()));
    weights[named.name] = {named.parameter->tensor().values().begin(), named.parameter->tensor().values().end()};
  }
  ASSERT_TRUE(weights.contains("linear3.weight"));
  const auto linear = [&](const std::string& name, const std::vector<double>& in) {
    std::vector<double> out = weights.at(name + ".bias");
    for (std::size_t o = 0; o < out.size(); ++o) {
      for (std::size_t i = 0; i < in.size(); ++i) out[o] += weights.at(name + ".weight")[o * in.size() + i] * in[i];
    }
    return out;
  };
  const Tensor x = random_tensor({1, 1, 2});
  const double a = x.data()[0];
  const double b = x.data()[1];
  const double half = (a - b) / 2;
  const double z = half / std::sqrt(half * half + 1e-5);
  const std::vector<double> gate = linear("linear1", {z, -z});
  std::vector<double> inside = linear("linear3", {z, -z});
  for (std::size_t i = 0; i < 3; ++i) inside[i] *= gate[i] / (1 + std::exp(-gate[i]));
  const std::vector<double> added = linear("linear2", inside);
  const Tensor y = apply(layer, x);
  EXPECT_NEAR(y.data()[0], a + added[0], 1e-6);
  EXPECT_NEAR(y.data()[1], b + added[1], 1e-6);
}

TEST(TransformerEncoderLayer, RefusesImpossibleOptionsAndShapes) {
  const auto refused = [](const Options& options) {
    return message_of<ConfigError>([&] {
      Rng rng = fixed_rng();
      TransformerEncoderLayer(options, rng);
    });
  };
  EXPECT_EQ(refused({.nhead = 2}), "TransformerEncoderLayer: d_model is 0, expected 1 or more");
  EXPECT_EQ(refused({.d_model = 6, .nhead = 4}),
            "TransformerEncoderLayer: nhead is 4, which does not divide the 6 features; state a divisor");
  EXPECT_EQ(refused({.d_model = 6, .nhead = 2, .dim_feedforward = 0}),
            "TransformerEncoderLayer: dim_feedforward is 0, expected 1 or more");
  EXPECT_EQ(refused({.d_model = 6, .nhead = 2, .layer_norm_eps = 0}),
            "TransformerEncoderLayer: layer_norm_eps is 0, expected a finite number above 0");
  Rng rng = fixed_rng();
  TransformerEncoderLayer layer({.d_model = 6, .nhead = 2}, rng);
  layer.set_name("block");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 5}));
            }),
            "TransformerEncoderLayer \"block\": x is [B, 5], expected [B, T, 6]");
}

}  // namespace
}  // namespace dpml
