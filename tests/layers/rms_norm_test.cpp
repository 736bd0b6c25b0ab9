#include "dpml/layers/rms_norm.h"

#include <cmath>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

LayerMaker rms_norm(RMSNorm::Options options) {
  return [options](Rng&) { return std::make_unique<RMSNorm>(options); };
}

/// Rows of `width` numbers, straight from the definition, in double.
std::vector<double> slow_rms_norm(const Tensor& x, std::size_t width, double epsilon) {
  std::vector<double> y(x.values().begin(), x.values().end());
  for (std::size_t first = 0; first < y.size(); first += width) {
    double squares = 0;
    for (std::size_t i = first; i < first + width; ++i) squares += y[i] * y[i] / static_cast<double>(width);
    for (std::size_t i = first; i < first + width; ++i) y[i] /= std::sqrt(squares + epsilon);
  }
  return y;
}

TEST(RMSNorm, BehavesAsALayer) {
  for (const Shape& x : {Shape{3, 4, 6}, Shape{3, 6}, Shape{3, 2, 2, 6}, Shape{0, 6}, Shape{3, 0, 6}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(rms_norm({.normalized = {6}}), x));
    EXPECT_NO_THROW(expect_layer_conforms(rms_norm({.normalized = {6}, .affine = false}), x));
  }
  EXPECT_NO_THROW(expect_layer_conforms(rms_norm({.normalized = {4, 3}}), {3, 2, 4, 3}));
  EXPECT_NO_THROW(expect_layer_conforms(rms_norm({.normalized = {37}, .epsilon = 0.1}), {3, 5, 37}));
}

TEST(RMSNorm, NormalisesEachPosition) {
  RMSNorm layer({.normalized = {3, 7}, .epsilon = 1e-3});
  const Tensor x = random_tensor({4, 5, 3, 7});
  Tensor y = apply(layer, x);
  const std::vector<double> want = slow_rms_norm(x, 21, 1e-3);
  for (Index i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data()[i], want[static_cast<std::size_t>(i)], 1e-6);

  const Tensor weight = random_tensor({3, 7}, 9);
  const std::vector<NamedParameter> parameters = named_parameters(layer);
  ASSERT_EQ(parameters.size(), 1u);
  EXPECT_EQ(parameters[0].name, "weight");
  parameters[0].parameter->set(weight);
  y = apply(layer, x);
  for (Index i = 0; i < x.size(); ++i) {
    const auto factor = static_cast<double>(weight.data()[i % 21]);
    EXPECT_NEAR(y.data()[i], factor * want[static_cast<std::size_t>(i)], 1e-6);
  }
}

// torch 2.15: torch.nn.RMSNorm(2)(torch.tensor([[3e-4, 4e-4], [3., 4.]])), so with its default epsilon.
TEST(RMSNorm, HasTheEpsilonOfPyTorch) {
  const Tensor y = apply(RMSNorm({.normalized = {2}}), Tensor::from({2, 2}, std::vector<float>{3e-4F, 4e-4F, 3, 4}));
  const double want[] = {0.607071936, 0.809429228, 0.848528147, 1.1313709};
  for (Index i = 0; i < 4; ++i) EXPECT_NEAR(y.data()[i], want[i], 3e-7);
}

TEST(RMSNorm, SaysWhatDoesNotFit) {
  RMSNorm layer({.normalized = {4, 3}});
  layer.set_name("norm1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, random_tensor({2, 3, 4}));
            }),
            "RMSNorm \"norm1\": x is [B, 3, 4]; its last axes are expected to be [4, 3]");
  message_of<ConfigError>([] { RMSNorm({.normalized = {}}); });
  EXPECT_EQ(message_of<ConfigError>([] { RMSNorm({.normalized = {3}, .epsilon = 0}); }),
            "RMSNorm: epsilon is 0, expected a finite number above 0");
}

}  // namespace
}  // namespace dpml
