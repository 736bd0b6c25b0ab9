#include "dpml/layers/linear.h"

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

LayerMaker linear(Linear::Options options) {
  return [options](Rng& rng) { return std::make_unique<Linear>(options, rng); };
}

TEST(Linear, BehavesAsALayer) {
  for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 4}, Shape{4, 2, 3, 4}, Shape{3, 0, 4}, Shape{0, 4}}) {
    EXPECT_NO_THROW(expect_layer_conforms(linear({.in = 4, .out = 2}), x));
    EXPECT_NO_THROW(expect_layer_conforms(linear({.in = 4, .out = 4, .bias = false}), x));
  }
  EXPECT_NO_THROW(expect_layer_conforms(linear({.in = 1, .out = 1}), {3, 1}));
  EXPECT_NO_THROW(expect_layer_conforms(linear({.in = 33, .out = 19}), {5, 40, 33}));
  EXPECT_NO_THROW(expect_layer_conforms(linear({.in = 5, .out = 37}), {20, 5}));
}

TEST(Linear, ComputesAnAffineMap) {
  Rng rng = fixed_rng();
  Linear layer({.in = 2, .out = 2}, rng);
  std::vector<NamedParameter> parameters = named_parameters(layer);
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].name, "weight");
  EXPECT_EQ(parameters[1].name, "bias");
  parameters[0].parameter->set(Tensor::from({2, 2}, std::vector<float>{1, 2, 3, 4}));
  parameters[1].parameter->set(Tensor::from({2}, std::vector<float>{10, 20}));
  const Tensor y = apply(layer, Tensor::from({1, 2, 2}, std::vector<float>{1, 0, 5, 6}));
  EXPECT_EQ(y.shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(std::vector<float>(y.values().begin(), y.values().end()), (std::vector<float>{11, 23, 27, 59}));
}

TEST(Linear, StartsUniformWithinOneOverRootOfItsInputs) {
  Rng rng = fixed_rng();
  Linear layer({.in = 100, .out = 200}, rng);
  for (const NamedParameter& named : named_parameters(layer)) {
    const auto values = named.parameter->tensor().values();
    double largest = 0;
    double squares = 0;
    for (const float value : values) {
      largest = std::max(largest, std::fabs(static_cast<double>(value)));
      squares += static_cast<double>(value) * value;
    }
    EXPECT_LE(largest, 0.1 + 1e-7);
    // 1 - (1 - 0.1)^200 misses with probability 7e-10; the variance of the uniform, 0.1^2 / 3, within 30 % by 200
    // draws (standard deviation 6.3 %: five of them, false alarm below 1e-6).
    EXPECT_GT(largest, 0.09);
    EXPECT_NEAR(squares / static_cast<double>(values.size()), 0.01 / 3, 0.3 * 0.01 / 3) << named.name;
  }
}

TEST(Linear, NamesTheAxisThatDoesNotFit) {
  Rng rng = fixed_rng();
  Linear layer({.in = 4, .out = 2}, rng);
  layer.set_name("fc1");
  const std::string expected = "Linear \"fc1\": last axis of x is 5, weight [2, 4] expects 4";
  EXPECT_EQ(message_of<ShapeError>([&] { apply(layer, Tensor::zeros({3, 5})); }), expected);
  EXPECT_EQ(message_of<ShapeError>([&] { layer.output_shape({5}); }), expected);
  EXPECT_EQ(message_of<ShapeError>([&] { apply(layer, Tensor::zeros({4})); }),
            "Linear \"fc1\": x is [B], expected [B, ..., 4]");
}

TEST(Linear, RefusesSizesThatAreNotPositive) {
  Rng rng = fixed_rng();
  EXPECT_EQ(message_of<ConfigError>([&] { Linear({.in = 0, .out = 2}, rng); }), "Linear: in is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { Linear({.in = 3, .out = -2}, rng); }),
            "Linear: out is -2, expected 1 or more");
}

}  // namespace
}  // namespace dpml
