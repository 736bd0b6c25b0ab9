#include "dpml/layers/frozen_batch_norm.h"

#include <cmath>

#include "dpml/layers/linear.h"
#include "dpml/layers/sequential.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

TEST(FrozenBatchNorm, BehavesAsALayer) {
  const LayerMaker make = [](Rng&) {
    return std::make_unique<FrozenBatchNorm>(FrozenBatchNorm::Options{.channels = 3});
  };
  for (const Shape& x : {Shape{3, 4, 5, 3}, Shape{3, 7, 3}, Shape{3, 3}, Shape{0, 4, 3}, Shape{3, 0, 3}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

TEST(FrozenBatchNorm, SendsTheGradientOnToLayersBefore) {
  const LayerMaker make = [](Rng& rng) {
    auto model = std::make_unique<Sequential>();
    model->add(std::make_unique<Linear>(Linear::Options{.in = 4, .out = 3}, rng));
    model->add(std::make_unique<FrozenBatchNorm>(FrozenBatchNorm::Options{.channels = 3}));
    return model;
  };
  EXPECT_NO_THROW(expect_layer_conforms(make, {3, 5, 4}));
}

TEST(FrozenBatchNorm, AgreesWithDouble) {
  FrozenBatchNorm layer({.channels = 3, .epsilon = 0.25});
  const std::vector<NamedParameter> parameters = named_parameters(layer);
  ASSERT_EQ(parameters.size(), 4u);
  const char* names[] = {"weight", "bias", "running_mean", "running_var"};
  const std::vector<float> numbers[] = {{2, -3, 1}, {0.5F, 1, 0}, {100, -2, 0}, {4, 0, 0.01F}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(parameters[i].name, names[i]);
    EXPECT_FALSE(parameters[i].parameter->trainable());
    parameters[i].parameter->set(Tensor::from({3}, numbers[i]));
  }
  const Tensor x = random_tensor({4, 5, 3});
  const Tensor y = apply(layer, x);
  for (Index i = 0; i < x.size(); ++i) {
    const auto at = [&](std::size_t which) {
      return static_cast<double>(numbers[which][static_cast<std::size_t>(i % 3)]);
    };
    const double want = (static_cast<double>(x.data()[i]) - at(2)) / std::sqrt(at(3) + 0.25) * at(0) + at(1);
    EXPECT_NEAR(y.data()[i], want, 3e-7 * (1 + std::fabs(want)));
  }
}

TEST(FrozenBatchNorm, ChangesNothingAtFirstButForEpsilon) {
  const Tensor x = random_tensor({4, 3});
  const Tensor y = apply(FrozenBatchNorm({.channels = 3, .epsilon = 1e-12}), x);
  EXPECT_TRUE(std::equal(x.values().begin(), x.values().end(), y.values().begin()));
}

TEST(FrozenBatchNorm, SaysWhatDoesNotFit) {
  FrozenBatchNorm layer({.channels = 3});
  layer.set_name("bn1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, random_tensor({2, 4, 2}));
            }),
            "FrozenBatchNorm \"bn1\": x is [B, 4, 2], expected [B, ..., 3]: channels are the last axis");
  message_of<ShapeError>([&] { layer.output_shape({}); });
  EXPECT_EQ(message_of<ConfigError>([] { FrozenBatchNorm({}); }), "FrozenBatchNorm: channels is 0, expected 1 or more");
  message_of<ConfigError>([] { FrozenBatchNorm({.channels = 1, .epsilon = 0}); });
}

}  // namespace
}  // namespace dpml
