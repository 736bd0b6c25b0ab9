#include "dpml/layers/activations.h"

#include <algorithm>
#include <cmath>
#include <functional>
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

TEST(Activations, OfTheSecondGenerationToo) {
  expect_activation<SiLU>("SiLU", [](double x) { return x / (1 + std::exp(-x)); });
  // torch.nn.SELU's constants, Klambauer et al. 2017, section 2
  expect_activation<SELU>(
      "SELU", [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); });
  expect_activation<Hardswish>("Hardswish", [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; });
}

template <class Activation>
void expect_activation_of(const typename Activation::Options& options, const std::function<double(double)>& slow) {
  const LayerMaker make = [&](Rng&) { return std::make_unique<Activation>(options); };
  for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 2, 3}, Shape{3}, Shape{3, 0}, Shape{0, 4}}) {
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
  const Tensor x = random_tensor({7, 9});
  const Tensor y = apply(Activation(options), x);
  for (Index i = 0; i < x.size(); ++i) {
    const double want = slow(static_cast<double>(x.data()[i]));
    EXPECT_NEAR(y.data()[i], want, 3e-7 * (1 + std::fabs(want)));
  }
}

TEST(ELU, ConformsAndAgreesWithDouble) {
  for (const double alpha : {1.0, 0.0, 0.3, -0.5}) {
    expect_activation_of<ELU>({alpha}, [=](double x) { return x > 0 ? x : alpha * std::expm1(x); });
  }
  EXPECT_EQ(message_of<ConfigError>([] { ELU({.alpha = 1e40}); }), "ELU: alpha is 1e+40, expected a finite float");
}

TEST(Softplus, ConformsAndAgreesWithDouble) {
  for (const double beta : {1.0, 0.1, 3.0}) {
    expect_activation_of<Softplus>({.beta = beta}, [=](double x) { return std::log1p(std::exp(beta * x)) / beta; });
  }
  const Tensor x = Tensor::from({1, 2}, std::vector<float>{0.5F, -0.5F});
  EXPECT_EQ(apply(Softplus({.beta = 1, .threshold = 0}), x).data()[0], 0.5F);
  EXPECT_NE(apply(Softplus({.beta = 1, .threshold = 0}), x).data()[1], -0.5F);
  EXPECT_EQ(message_of<ConfigError>([] { Softplus({.beta = 0}); }),
            "Softplus: beta is 0, expected a finite float above 0");
  EXPECT_EQ(message_of<ConfigError>([] { Softplus({.threshold = -1}); }),
            "Softplus: threshold is -1, expected a finite float of at least 0");
}

TEST(PReLU, ConformsAndAgreesWithDouble) {
  for (const Index count : {1, 4}) {
    const LayerMaker make = [=](Rng&) { return std::make_unique<PReLU>(PReLU::Options{.num_parameters = count}); };
    for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 2, 4}, Shape{3, 0, 4}, Shape{0, 4}}) {
      EXPECT_NO_THROW(expect_layer_conforms(make, x));
    }
  }
  PReLU layer({.num_parameters = 2, .init = 0.5});
  const Tensor x = Tensor::from({1, 4}, std::vector<float>{-1, -2, 3, 0});
  EXPECT_EQ(message_of<ShapeError>([&] { apply(layer, x); }),
            "PReLU: x is [B, 4], but there are 2 slopes; state num_parameters 1 or the length of the last axis");
  named_parameters(layer)[0].parameter->set(Tensor::from({2}, std::vector<float>{0.5F, 0.25F}));
  const Tensor y = apply(layer, x.reshaped({1, 2, 2}));
  EXPECT_EQ(std::vector<float>(y.data(), y.data() + 4), (std::vector<float>{-0.5F, -0.5F, 3, 0}));
  EXPECT_EQ(message_of<ConfigError>([] { PReLU({.num_parameters = 0}); }),
            "PReLU: num_parameters is 0, expected 1 or more");
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
