#include "dpml/layers/instance_norm.h"

#include <cmath>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

TEST(InstanceNorm, BehavesAsALayer) {
  for (const bool affine : {false, true}) {
    const LayerMaker make = [=](Rng&) {
      return std::make_unique<InstanceNorm>(InstanceNorm::Options{.channels = 3, .affine = affine});
    };
    for (const Shape& x : {Shape{3, 4, 5, 3}, Shape{3, 7, 3}, Shape{0, 4, 3}, Shape{3, 0, 3}, Shape{3, 1, 3}}) {
      SCOPED_TRACE(x.to_text());
      EXPECT_NO_THROW(expect_layer_conforms(make, x));
    }
  }
}

TEST(InstanceNorm, NormalisesEachChannelOfEachSample) {
  InstanceNorm layer({.channels = 3, .epsilon = 1e-3, .affine = true});
  const std::vector<NamedParameter> parameters = named_parameters(layer);
  ASSERT_EQ(parameters.size(), 2u);
  const std::vector<float> weight{2, -3, 1};
  const std::vector<float> bias{0.5F, 1, 0};
  parameters[0].parameter->set(Tensor::from({3}, weight));
  parameters[1].parameter->set(Tensor::from({3}, bias));
  const Tensor x = random_tensor({4, 20, 3});
  const Tensor y = apply(layer, x);
  for (Index b = 0; b < 4; ++b) {
    for (std::size_t c = 0; c < 3; ++c) {
      const auto number = [&](const Tensor& of, Index t) {
        return static_cast<double>(of.data()[(b * 20 + t) * 3 + static_cast<Index>(c)]);
      };
      double mean = 0;
      double variance = 0;
      for (Index t = 0; t < 20; ++t) mean += number(x, t) / 20;
      for (Index t = 0; t < 20; ++t) variance += std::pow(number(x, t) - mean, 2) / 20;
      for (Index t = 0; t < 20; ++t) {
        const double z = (number(x, t) - mean) / std::sqrt(variance + 1e-3);
        EXPECT_NEAR(number(y, t), z * static_cast<double>(weight[c]) + static_cast<double>(bias[c]), 2e-6);
      }
    }
  }
}

TEST(InstanceNorm, SaysWhatDoesNotFit) {
  InstanceNorm layer({.channels = 3});
  EXPECT_TRUE(named_parameters(layer).empty());
  layer.set_name("norm1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, random_tensor({2, 4, 2}));
            }),
            "InstanceNorm \"norm1\": x is [B, 4, 2], expected positions and then channels, [B, ..., 3]");
  message_of<ShapeError>([&] { apply(layer, random_tensor({2, 3})); });
  EXPECT_EQ(message_of<ConfigError>([] { InstanceNorm({}); }), "InstanceNorm: channels is 0, expected 1 or more");
  message_of<ConfigError>([] { InstanceNorm({.channels = 1, .epsilon = -1}); });
}

}  // namespace
}  // namespace dpml
