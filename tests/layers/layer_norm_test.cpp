#include "dpml/layers/layer_norm.h"

#include <cmath>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

LayerMaker layer_norm(LayerNorm::Options options) {
  return [options](Rng&) { return std::make_unique<LayerNorm>(options); };
}

/// Rows of `width` numbers, straight from the definition, in double.
std::vector<double> slow_layer_norm(const Tensor& x, std::size_t width, double epsilon) {
  std::vector<double> y(x.values().begin(), x.values().end());
  for (std::size_t first = 0; first < y.size(); first += width) {
    double mean = 0;
    double variance = 0;
    for (std::size_t i = first; i < first + width; ++i) mean += y[i] / static_cast<double>(width);
    for (std::size_t i = first; i < first + width; ++i)
      variance += std::pow(y[i] - mean, 2) / static_cast<double>(width);
    for (std::size_t i = first; i < first + width; ++i) y[i] = (y[i] - mean) / std::sqrt(variance + epsilon);
  }
  return y;
}

TEST(LayerNorm, BehavesAsALayer) {
  for (const Shape& x : {Shape{3, 4, 6}, Shape{3, 6}, Shape{3, 2, 2, 6}, Shape{0, 6}, Shape{3, 0, 6}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(layer_norm({.normalized = {6}}), x));
    EXPECT_NO_THROW(expect_layer_conforms(layer_norm({.normalized = {6}, .affine = false}), x));
  }
  EXPECT_NO_THROW(expect_layer_conforms(layer_norm({.normalized = {4, 3}}), {3, 2, 4, 3}));
  EXPECT_NO_THROW(expect_layer_conforms(layer_norm({.normalized = {37}}), {3, 5, 37}));
}

TEST(LayerNorm, NormalisesEachPosition) {
  const LayerNorm layer({.normalized = {3, 7}});
  const Tensor x = random_tensor({4, 5, 3, 7});
  const Tensor y = apply(layer, x);
  const std::vector<double> want = slow_layer_norm(x, 21, 1e-5);
  for (Index i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data()[i], want[static_cast<std::size_t>(i)], 2e-6);
}

TEST(LayerNorm, StaysAccurateFarFromZero) {
  const LayerNorm layer({.normalized = {500}, .epsilon = 1e-12});
  Tensor x = random_tensor({2, 500});
  for (float& value : x.mutable_values()) value = 1e4F + value;
  const Tensor y = apply(layer, x);
  const std::vector<double> want = slow_layer_norm(x, 500, 1e-12);
  for (Index i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data()[i], want[static_cast<std::size_t>(i)], 1e-6);
}

TEST(LayerNorm, ScalesAndShiftsElements) {
  LayerNorm layer({.normalized = {2}});
  const std::vector<NamedParameter> parameters = named_parameters(layer);
  ASSERT_EQ(parameters.size(), 2u);
  parameters[0].parameter->set(Tensor::from({2}, std::vector<float>{2, -3}));
  parameters[1].parameter->set(Tensor::from({2}, std::vector<float>{0.5F, 1}));
  const Tensor y = apply(layer, Tensor::from({1, 2}, std::vector<float>{-100, 100}));
  EXPECT_NEAR(y.data()[0], 2 * -1 + 0.5, 1e-6);
  EXPECT_NEAR(y.data()[1], -3 * 1 + 1, 1e-6);
}

TEST(LayerNorm, GivesASampleTheSameBitsWhereverItStands) {
  const LayerNorm layer({.normalized = {37}});
  const Tensor x = random_tensor({6, 3, 37});
  const Tensor whole = apply(layer, x);
  for (Index b = 0; b < 6; ++b) {
    const Tensor alone = apply(layer, x.rows(b, b + 1).clone());
    EXPECT_TRUE(std::equal(alone.values().begin(), alone.values().end(), whole.rows(b, b + 1).values().begin()));
  }
}

TEST(LayerNorm, NamesTheAxesThatDoNotFit) {
  LayerNorm layer({.normalized = {4, 3}});
  layer.set_name("norm1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, random_tensor({2, 3, 4}));
            }),
            "LayerNorm \"norm1\": x is [B, 3, 4]; its last axes are expected to be [4, 3]");
  message_of<ShapeError>([&] { apply(layer, random_tensor({4, 3})); });
}

TEST(LayerNorm, RefusesImpossibleOptions) {
  message_of<ConfigError>([] { LayerNorm({.normalized = {}}); });
  message_of<ConfigError>([] { LayerNorm({.normalized = {3, 0}}); });
  message_of<ConfigError>([] { LayerNorm({.normalized = {3}, .epsilon = -1}); });
}

}  // namespace
}  // namespace dpml
