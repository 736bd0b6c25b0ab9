#include "dpml/layers/conv1d.h"

#include <algorithm>

#include "dpml/testing.h"
#include "slow_convolution.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Options = Conv1d::Options;

LayerMaker conv1d(const Options& options) {
  return [options](Rng& rng) { return std::make_unique<Conv1d>(options, rng); };
}

struct Case {
  const char* name;
  Options options;
  Shape x;
};

std::vector<Case> cases() {
  return {
      {"plain", {.in_channels = 2, .out_channels = 3, .kernel = 3}, {3, 7, 2}},
      {"one place", {.in_channels = 4, .out_channels = 3}, {3, 5, 4}},
      {"everything",
       {.in_channels = 4, .out_channels = 6, .kernel = 3, .stride = 2, .padding = 3, .dilation = 2, .groups = 2},
       {3, 9, 4}},
      {"depthwise", {.in_channels = 3, .out_channels = 3, .kernel = 4, .groups = 3, .bias = false}, {3, 9, 3}},
      {"same, even", {.in_channels = 2, .out_channels = 3, .kernel = 4, .padding_same = true}, {3, 5, 2}},
      {"same, reflected",
       {.in_channels = 2,
        .out_channels = 2,
        .kernel = 2,
        .dilation = 3,
        .padding_same = true,
        .padding_mode = PaddingMode::reflect},
       {3, 5, 2}},
      {"reflected",
       {.in_channels = 2, .out_channels = 2, .kernel = 3, .padding = 3, .padding_mode = PaddingMode::reflect},
       {3, 4, 2}},
      {"replicated",
       {.in_channels = 2,
        .out_channels = 4,
        .kernel = 3,
        .stride = 2,
        .padding = 7,
        .groups = 2,
        .padding_mode = PaddingMode::replicate},
       {3, 4, 2}},
      {"circular",
       {.in_channels = 2, .out_channels = 2, .kernel = 3, .padding = 4, .padding_mode = PaddingMode::circular},
       {3, 4, 2}},
      {"one position", {.in_channels = 2, .out_channels = 3, .kernel = 3}, {3, 3, 2}},
      {"empty batch",
       {.in_channels = 2, .out_channels = 3, .kernel = 3, .padding = 1, .padding_mode = PaddingMode::circular},
       {0, 3, 2}},
  };
}

/// The same on images of height 1.
Conv2d::Options on_images(const Options& o) {
  return {.in_channels = o.in_channels,
          .out_channels = o.out_channels,
          .kernel_width = o.kernel,
          .stride_width = o.stride,
          .padding_width = o.padding,
          .dilation_width = o.dilation,
          .groups = o.groups,
          .bias = o.bias,
          .padding_same = o.padding_same,
          .padding_mode = o.padding_mode};
}

TEST(Conv1d, BehavesAsALayer) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    EXPECT_NO_THROW(expect_layer_conforms(conv1d(c.options), c.x));
  }
}

TEST(Conv1d, EqualsItsDefinition) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    Rng rng = fixed_rng();
    Conv1d layer(c.options, rng);
    const std::vector<NamedParameter> parameters = named_parameters(layer);
    const Tensor weight = parameters[0].parameter->in_file_order();
    ASSERT_EQ(weight.shape(),
              (Shape{c.options.out_channels, c.options.in_channels / c.options.groups, c.options.kernel}));
    const Tensor x = random_tensor(c.x);
    const Tensor bias = c.options.bias ? parameters[1].parameter->tensor() : Tensor();
    const Tensor expected =
        slow_convolution(on_images(c.options), x.reshaped({x.axis(0), 1, x.axis(1), x.axis(2)}), weight, bias);
    const Tensor y = apply(layer, x);
    ASSERT_EQ(y.shape(), (Shape{expected.axis(0), expected.axis(2), expected.axis(3)}));
    for (Index i = 0; i < y.size(); ++i) ASSERT_NEAR(y.data()[i], expected.data()[i], 2e-6) << i;
  }
}

TEST(Conv1d, StartsWithTheNumbersOfAConv2dOfHeightOne) {
  Rng rng = fixed_rng();
  Conv1d line({.in_channels = 2, .out_channels = 3, .kernel = 4}, rng);
  Rng again = fixed_rng();
  Conv2d image(on_images({.in_channels = 2, .out_channels = 3, .kernel = 4}), again);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto a = named_parameters(line)[i].parameter->tensor();
    const auto b = named_parameters(image)[i].parameter->tensor();
    EXPECT_TRUE(std::ranges::equal(a.values(), b.values()));
  }
}

TEST(Conv1d, SaysWhatDoesNotFit) {
  Rng rng = fixed_rng();
  Conv1d layer({.in_channels = 3, .out_channels = 2, .kernel = 5}, rng);
  layer.set_name("conv1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 8, 1}));
            }),
            "Conv1d \"conv1\": x is [B, 8, 1], expected [B, T, 3], channels last");
  EXPECT_EQ(message_of<ShapeError>([&] {
              layer.output_shape({4, 3});
            }),
            "Conv1d \"conv1\": the window [1, 5] (dilation [1, 1]) is larger than the padded image [1, 4]; state a "
            "smaller kernel, or more padding");
}

TEST(Conv1d, RefusesImpossibleOptions) {
  Rng rng = fixed_rng();
  const auto message = [&](const Options& options) { return message_of<ConfigError>([&] { Conv1d(options, rng); }); };
  EXPECT_EQ(message({.in_channels = 0, .out_channels = 1}), "Conv1d: in_channels is 0, expected 1 or more");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .padding = -1}), "Conv1d: padding is -1, expected 0 or more");
  EXPECT_EQ(message({.in_channels = 4, .out_channels = 3, .groups = 2}),
            "Conv1d: groups is 2, which does not divide 4 input and 3 output channels; change one");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .stride = 2, .padding_same = true}),
            "Conv1d: padding_same keeps sizes, which a stride above 1 does not; leave one out");
}

}  // namespace
}  // namespace dpml
