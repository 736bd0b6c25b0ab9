#include "dpml/layers/positions.h"

#include <cmath>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

TEST(LearnedPositions, BehavesAsALayer) {
  const LayerMaker make = [](Rng& rng) {
    return std::make_unique<LearnedPositions>(PositionOptions{.positions = 5, .features = 3}, rng);
  };
  for (const Shape& x : {Shape{3, 5, 3}, Shape{3, 4, 3}, Shape{3, 1, 3}, Shape{3, 0, 3}, Shape{0, 5, 3}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

TEST(LearnedPositions, AddsARowToEachPosition) {
  Rng rng = fixed_rng();
  LearnedPositions layer({.positions = 3, .features = 2}, rng);
  named_parameters(layer)[0].parameter->set(Tensor::from({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  const Tensor y = apply(layer, Tensor::from({2, 2, 2}, std::vector<float>{0, 0, 0, 0, 10, 20, 30, 40}));
  EXPECT_EQ(std::vector<float>(y.data(), y.data() + 8), (std::vector<float>{1, 2, 3, 4, 11, 22, 33, 44}));
}

TEST(LearnedPositions, StartsWithSmallNormals) {
  Rng rng = fixed_rng();
  LearnedPositions layer({.positions = 100, .features = 100}, rng);
  double squares = 0;
  for (const float value : named_parameters(layer)[0].parameter->tensor().values()) squares += value * value;
  // 10,000 draws: five standard deviations of the variance, false alarm 1e-6.
  EXPECT_NEAR(squares / 1e4 / 0.0004, 1, 5 * std::sqrt(2.0) / 100);
}

TEST(SinusoidalPositions, BehavesAsALayer) {
  const LayerMaker make = [](Rng&) {
    return std::make_unique<SinusoidalPositions>(PositionOptions{.positions = 5, .features = 4});
  };
  for (const Shape& x : {Shape{3, 5, 4}, Shape{3, 2, 4}, Shape{3, 0, 4}, Shape{0, 5, 4}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

TEST(SinusoidalPositions, AddsTheWavesOfVaswaniEtAl) {
  for (const Index features : {1, 4, 7}) {
    const Tensor x = random_tensor({2, 6, features});
    const Tensor y = apply(SinusoidalPositions({.positions = 9, .features = features}), x);
    for (Index b = 0; b < 2; ++b) {
      for (Index t = 0; t < 6; ++t) {
        for (Index i = 0; i < features; ++i) {
          const Index even = i - i % 2;
          const double angle =
              static_cast<double>(t) / std::pow(10000.0, static_cast<double>(even) / static_cast<double>(features));
          const Index at = (b * 6 + t) * features + i;
          EXPECT_NEAR(y.data()[at], static_cast<double>(x.data()[at]) + (i == even ? std::sin(angle) : std::cos(angle)),
                      2e-7);
        }
      }
    }
  }
}

TEST(Positions, NameTheShapeThatDoesNotFit) {
  Rng rng = fixed_rng();
  const std::string expected = ", expected [B, T, 3] with T at most 5";
  const LearnedPositions learned({.positions = 5, .features = 3}, rng);
  const SinusoidalPositions fixed({.positions = 5, .features = 3});
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(learned, Tensor::zeros({2, 6, 3}));
            }),
            "LearnedPositions: x is [B, 6, 3]" + expected);
  EXPECT_EQ(message_of<ShapeError>([&] {
              learned.output_shape({5, 4});
            }),
            "LearnedPositions: x is [B, 5, 4]" + expected);
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(fixed, Tensor::zeros({2, 3}));
            }),
            "SinusoidalPositions: x is [B, 3]" + expected);
  EXPECT_EQ(message_of<ConfigError>([&] { LearnedPositions({.positions = 0, .features = 3}, rng); }),
            "LearnedPositions: positions is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { SinusoidalPositions({.positions = 2}); }),
            "SinusoidalPositions: features is 0, expected 1 or more");
}

}  // namespace
}  // namespace dpml
