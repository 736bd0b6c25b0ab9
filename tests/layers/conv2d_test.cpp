#include "dpml/layers/conv2d.h"

#include "dpml/testing.h"
#include "slow_convolution.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Options = Conv2d::Options;

LayerMaker conv2d(const Options& options) {
  return [options](Rng& rng) { return std::make_unique<Conv2d>(options, rng); };
}

struct Case {
  const char* name;
  Options options;
  Shape x;
};

std::vector<Case> cases() {
  return {
      {"plain", {.in_channels = 2, .out_channels = 3, .kernel_height = 3, .kernel_width = 2}, {3, 5, 4, 2}},
      {"one pixel", {.in_channels = 4, .out_channels = 3}, {3, 3, 2, 4}},
      {"one pixel, stride", {.in_channels = 4, .out_channels = 3, .stride_height = 2, .stride_width = 2}, {3, 4, 5, 4}},
      {"same size",
       {.in_channels = 3,
        .out_channels = 3,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1},
       {4, 4, 3, 3}},
      {"stride and padding",
       {.in_channels = 1,
        .out_channels = 16,
        .kernel_height = 8,
        .kernel_width = 8,
        .stride_height = 2,
        .stride_width = 2,
        .padding_height = 3,
        .padding_width = 3},
       {3, 10, 9, 1}},
      {"strides that leave pixels over",
       {.in_channels = 2,
        .out_channels = 2,
        .kernel_height = 2,
        .kernel_width = 3,
        .stride_height = 3,
        .stride_width = 2,
        .padding_width = 1,
        .bias = false},
       {3, 7, 6, 2}},
      {"dilation",
       {.in_channels = 2,
        .out_channels = 3,
        .kernel_height = 2,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 2,
        .dilation_height = 3,
        .dilation_width = 2},
       {3, 5, 6, 2}},
      {"two groups",
       {.in_channels = 4,
        .out_channels = 6,
        .kernel_height = 2,
        .kernel_width = 2,
        .padding_height = 1,
        .padding_width = 1,
        .groups = 2},
       {3, 3, 4, 4}},
      {"depthwise",
       {.in_channels = 3,
        .out_channels = 3,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1,
        .groups = 3},
       {3, 4, 4, 3}},
      {"depthwise, two for each, dilated",
       {.in_channels = 3,
        .out_channels = 6,
        .kernel_height = 2,
        .kernel_width = 2,
        .stride_height = 2,
        .dilation_height = 2,
        .groups = 3,
        .bias = false},
       {3, 5, 4, 3}},
      {"same size by an odd one below and right",
       {.in_channels = 2, .out_channels = 3, .kernel_height = 4, .kernel_width = 2, .padding_same = true},
       {3, 3, 4, 2}},
      {"same size, dilated, in groups, reflected",
       {.in_channels = 4,
        .out_channels = 2,
        .kernel_height = 3,
        .kernel_width = 2,
        .dilation_width = 3,
        .groups = 2,
        .padding_same = true,
        .padding_mode = PaddingMode::reflect},
       {3, 3, 4, 4}},
      {"reflected",
       {.in_channels = 2,
        .out_channels = 2,
        .kernel_height = 2,
        .kernel_width = 3,
        .stride_width = 2,
        .padding_height = 1,
        .padding_width = 3,
        .padding_mode = PaddingMode::reflect},
       {3, 3, 4, 2}},
      {"replicated",
       {.in_channels = 3,
        .out_channels = 3,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 4,
        .padding_width = 1,
        .groups = 3,
        .padding_mode = PaddingMode::replicate},
       {3, 2, 3, 3}},
      {"circular",
       {.in_channels = 2,
        .out_channels = 2,
        .kernel_height = 3,
        .kernel_width = 2,
        .padding_height = 3,
        .padding_width = 2,
        .dilation_height = 2,
        .bias = false,
        .padding_mode = PaddingMode::circular},
       {3, 3, 4, 2}},
      {"circular, without a padding",
       {.in_channels = 2, .out_channels = 2, .kernel_height = 2, .padding_mode = PaddingMode::circular},
       {3, 3, 4, 2}},
      {"one position", {.in_channels = 2, .out_channels = 5, .kernel_height = 3, .kernel_width = 3}, {3, 3, 3, 2}},
      {"empty batch", {.in_channels = 2, .out_channels = 3, .kernel_height = 2, .kernel_width = 2}, {0, 3, 3, 2}},
  };
}

void expect_twin(const Options& options, const Shape& shape) {
  Rng rng = fixed_rng();
  Conv2d layer(options, rng);
  const std::vector<NamedParameter> parameters = named_parameters(layer);
  const Tensor x = random_tensor(shape);
  const Tensor bias = options.bias ? parameters[1].parameter->tensor() : Tensor();
  const Tensor expected = slow_convolution(options, x, parameters[0].parameter->in_file_order(), bias);
  const Tensor y = apply(layer, x);
  ASSERT_EQ(y.shape(), expected.shape());
  for (Index i = 0; i < y.size(); ++i) ASSERT_NEAR(y.data()[i], expected.data()[i], 3e-6) << i;
}

TEST(Conv2d, BehavesAsALayer) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    EXPECT_NO_THROW(expect_layer_conforms(conv2d(c.options), c.x));
  }
}

TEST(Conv2d, EqualsItsDefinition) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    expect_twin(c.options, c.x);
  }
}

TEST(Conv2d, EqualsItsDefinitionWhenTheBatchIsUnfoldedInPieces) {
  // 8 * 18 * 18 patches of 144 numbers: three samples at a time, then two.
  const Options options{.in_channels = 16,
                        .out_channels = 2,
                        .kernel_height = 3,
                        .kernel_width = 3,
                        .padding_height = 1,
                        .padding_width = 1};
  expect_twin(options, {8, 18, 18, 16});
  EXPECT_NO_THROW(expect_layer_conforms(conv2d(options), {8, 18, 18, 16}, {.differences = 6}));
}

TEST(Conv2d, StartsUniformWithinOneOverRootOfItsInputs) {
  Rng rng = fixed_rng();
  Conv2d layer({.in_channels = 8, .out_channels = 200, .kernel_height = 5, .kernel_width = 5, .groups = 2}, rng);
  for (const NamedParameter& named : named_parameters(layer)) {
    double largest = 0;
    for (const float value : named.parameter->tensor().values()) {
      largest = std::max(largest, std::fabs(static_cast<double>(value)));
    }
    EXPECT_LE(largest, 0.1 + 1e-7) << named.name;  // 100 inputs: 4 channels of 5 x 5
    EXPECT_GT(largest, 0.09) << named.name;        // false alarm below 1e-9, see the same test of Linear
  }
}

TEST(Conv2d, SaysWhatDoesNotFit) {
  Rng rng = fixed_rng();
  Conv2d layer({.in_channels = 3, .out_channels = 2, .kernel_height = 5, .kernel_width = 5, .padding_height = 1}, rng);
  layer.set_name("conv1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 28, 28, 1}));
            }),
            "Conv2d \"conv1\": x is [B, 28, 28, 1], expected [B, H, W, 3], channels last");
  EXPECT_EQ(message_of<ShapeError>([&] {
              layer.output_shape({28, 28});
            }),
            "Conv2d \"conv1\": x is [B, 28, 28], expected [B, H, W, 3], channels last");
  EXPECT_EQ(
      message_of<ShapeError>([&] {
        layer.output_shape({3, 4, 3});
      }),
      "Conv2d \"conv1\": the window [5, 5] (dilation [1, 1]) is larger than the padded image [5, 4]; state a smaller "
      "kernel, or more padding");
}

TEST(Conv2d, TakesWhatAPaddingModeCanGive) {
  const auto message = [](PaddingMode mode, Index padding, const Shape& sample) {
    return message_of<ShapeError>([&] {
      Conv2d::output_shape({.in_channels = 1, .out_channels = 1, .padding_height = padding, .padding_mode = mode},
                           sample);
    });
  };
  EXPECT_EQ(message(PaddingMode::reflect, 3, {3, 2, 1}),
            "Conv2d: padding 3 is too much for height 3; a reflection has fewer than that");
  EXPECT_EQ(message(PaddingMode::circular, 4, {3, 2, 1}),
            "Conv2d: padding 4 is too much for height 3; a circle has at most that");
  EXPECT_EQ(message(PaddingMode::replicate, 1, {0, 2, 1}),
            "Conv2d: padding 1 is too much for height 0; there is nothing to replicate");
}

TEST(Conv2d, RefusesImpossibleOptions) {
  Rng rng = fixed_rng();
  const auto message = [&](const Options& options) { return message_of<ConfigError>([&] { Conv2d(options, rng); }); };
  EXPECT_EQ(message({.in_channels = 0, .out_channels = 1}), "Conv2d: in_channels is 0, expected 1 or more");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .kernel_width = 0}),
            "Conv2d: kernel_width is 0, expected 1 or more");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .stride_height = 0}),
            "Conv2d: stride_height is 0, expected 1 or more");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .padding_width = -1}),
            "Conv2d: padding_width is -1, expected 0 or more");
  EXPECT_EQ(message({.in_channels = 4, .out_channels = 3, .groups = 2}),
            "Conv2d: groups is 2, which does not divide 4 input and 3 output channels; change one");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .padding_width = 1, .padding_same = true}),
            "Conv2d: padding_same stands beside a padding; state one of them");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .stride_width = 2, .padding_same = true}),
            "Conv2d: padding_same keeps sizes, which a stride above 1 does not; leave one out");
}

}  // namespace
}  // namespace dpml
