#include "dpml/layers/activations.h"

#include <cmath>
#include <limits>
#include <vector>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

template <class Activation>
void expect_activation(const std::string& type, double (*slow)(double)) {
  SCOPED_TRACE(type);
  const LayerMaker make = [](Rng&) { return std::make_unique<Activation>(); };
  for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 2, 3}, Shape{3}, Shape{3, 0}, Shape{0, 4}}) {
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
  const Activation layer;
  EXPECT_EQ(layer.type(), type);
  EXPECT_EQ(layer.output_shape({5, 2}), (Shape{5, 2}));
  const Tensor x = random_tensor({7, 9});
  const Tensor y = apply(layer, x);
  for (Index i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data()[i], slow(static_cast<double>(x.data()[i])), 2e-7);
}

TEST(Activations, ConformAndAgreeWithDouble) {
  expect_activation<ReLU>("ReLU", [](double x) { return x > 0 ? x : 0; });
  expect_activation<Tanh>("Tanh", [](double x) { return std::tanh(x); });
  expect_activation<GELU>("GELU", [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); });
  expect_activation<Sigmoid>("Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); });
}

TEST(LeakyReLU, ConformsAndAgreesWithDouble) {
  for (const double slope : {0.01, 0.0, 1.0, -0.5, 3.0}) {
    SCOPED_TRACE(slope);
    const LayerMaker make = [=](Rng&) { return std::make_unique<LeakyReLU>(LeakyReLU::Options{slope}); };
    for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 2, 3}, Shape{3}, Shape{3, 0}, Shape{0, 4}}) {
      EXPECT_NO_THROW(expect_layer_conforms(make, x));
    }
    const LeakyReLU layer({.negative_slope = slope});
    const Tensor x = random_tensor({7, 9});
    const Tensor y = apply(layer, x);
    for (Index i = 0; i < x.size(); ++i) {
      const auto number = static_cast<double>(x.data()[i]);
      EXPECT_NEAR(y.data()[i], number > 0 ? number : slope * number, 2e-7);
    }
  }
  EXPECT_EQ(LeakyReLU({}).type(), "LeakyReLU");
}

TEST(LeakyReLU, KeepsNaNAndInfinityWhereTheyAre) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float largest = std::numeric_limits<float>::max();
  const Tensor x =
      Tensor::from({1, 6}, std::vector<float>{std::nanf(""), infinity, -infinity, largest, -largest, -0.0F});
  const Tensor y = apply(LeakyReLU({.negative_slope = 0.5}), x);
  EXPECT_TRUE(std::isnan(y.data()[0]));
  EXPECT_EQ(std::vector<float>(y.values().begin() + 1, y.values().end()),
            (std::vector<float>{infinity, -infinity, largest, -largest / 2, 0}));
  EXPECT_EQ(apply(LeakyReLU({.negative_slope = 2}), x).data()[4], -infinity)
      << "too large for a float, and no surprise";
}

TEST(LeakyReLU, RefusesSlopesThatAreNoFloats) {
  EXPECT_EQ(message_of<ConfigError>([] { LeakyReLU({.negative_slope = 1e40}); }),
            "LeakyReLU: negative_slope is 1e+40, expected a finite float");
  message_of<ConfigError>([] { LeakyReLU({.negative_slope = std::nan("")}); });
}

}  // namespace
}  // namespace dpml
