#include <algorithm>
#include <cmath>

#include "dpml/layers/conv_transpose1d.h"
#include "dpml/layers/conv_transpose2d.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Options = ConvTranspose2d::Options;

LayerMaker conv_transpose2d(const Options& options) {
  return [options](Rng& rng) { return std::make_unique<ConvTranspose2d>(options, rng); };
}

struct Case {
  const char* name;
  Options options;
  Shape x;
};

std::vector<Case> cases() {
  return {
      {"plain", {.in_channels = 2, .out_channels = 3, .kernel_height = 3, .kernel_width = 2}, {3, 3, 4, 2}},
      {"one pixel", {.in_channels = 4, .out_channels = 3}, {3, 3, 2, 4}},
      {"twice as large",
       {.in_channels = 2,
        .out_channels = 3,
        .kernel_height = 4,
        .kernel_width = 4,
        .stride_height = 2,
        .stride_width = 2,
        .padding_height = 1,
        .padding_width = 1},
       {3, 3, 2, 2}},
      {"strides with gaps, rows and columns beyond",
       {.in_channels = 2,
        .out_channels = 2,
        .kernel_height = 2,
        .kernel_width = 1,
        .stride_height = 3,
        .stride_width = 2,
        .output_padding_height = 2,
        .output_padding_width = 1,
        .bias = false},
       {3, 2, 3, 2}},
      {"rows beyond that the dilation allows",
       {.in_channels = 2,
        .out_channels = 2,
        .kernel_height = 2,
        .kernel_width = 2,
        .padding_height = 2,
        .output_padding_height = 2,
        .output_padding_width = 1,
        .dilation_height = 3,
        .dilation_width = 2},
       {3, 3, 3, 2}},
      {"more padding than image",
       {.in_channels = 1, .out_channels = 2, .stride_height = 10, .padding_height = 3, .output_padding_height = 7},
       {3, 1, 2, 1}},
      {"two groups, dilated",
       {.in_channels = 4,
        .out_channels = 6,
        .kernel_height = 2,
        .kernel_width = 3,
        .stride_height = 2,
        .padding_width = 1,
        .dilation_width = 2,
        .groups = 2},
       {3, 3, 2, 4}},
      {"depthwise",
       {.in_channels = 3,
        .out_channels = 3,
        .kernel_height = 3,
        .kernel_width = 3,
        .stride_height = 2,
        .stride_width = 2,
        .padding_height = 1,
        .padding_width = 1,
        .output_padding_height = 1,
        .output_padding_width = 1,
        .groups = 3},
       {3, 2, 3, 3}},
      {"one position", {.in_channels = 4, .out_channels = 2, .kernel_height = 3, .kernel_width = 3}, {3, 1, 1, 4}},
      {"empty batch", {.in_channels = 2, .out_channels = 3, .kernel_height = 2, .kernel_width = 2}, {0, 3, 3, 2}},
  };
}

/// The definition in the header, one product at a time, in double.
std::vector<double> slow_twin(const Options& o, const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const Shape& result) {
  std::vector<double> y(static_cast<std::size_t>(result.size()));
  const Index group_in = o.in_channels / o.groups;
  const Index group_out = o.out_channels / o.groups;
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = o.bias ? static_cast<double>(bias.data()[static_cast<Index>(i) % o.out_channels]) : 0;
  }
  for (Index b = 0; b < x.axis(0); ++b) {
    for (Index iy = 0; iy < x.axis(1); ++iy) {
      for (Index ix = 0; ix < x.axis(2); ++ix) {
        for (Index i = 0; i < o.in_channels; ++i) {
          const float number = x.data()[((b * x.axis(1) + iy) * x.axis(2) + ix) * o.in_channels + i];
          for (Index ky = 0; ky < o.kernel_height; ++ky) {
            for (Index kx = 0; kx < o.kernel_width; ++kx) {
              const Index oy = iy * o.stride_height - o.padding_height + ky * o.dilation_height;
              const Index ox = ix * o.stride_width - o.padding_width + kx * o.dilation_width;
              if (oy < 0 || oy >= result[1] || ox < 0 || ox >= result[2]) continue;
              for (Index c = 0; c < group_out; ++c) {
                const Index out = i / group_in * group_out + c;
                // As files have it: [in, out/groups, kh, kw].
                const float factor = weight.data()[((i * group_out + c) * o.kernel_height + ky) * o.kernel_width + kx];
                y[static_cast<std::size_t>(((b * result[1] + oy) * result[2] + ox) * o.out_channels + out)] +=
                    static_cast<double>(number) * static_cast<double>(factor);
              }
            }
          }
        }
      }
    }
  }
  return y;
}

TEST(ConvTranspose2d, BehavesAsALayer) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    EXPECT_NO_THROW(expect_layer_conforms(conv_transpose2d(c.options), c.x));
  }
}

TEST(ConvTranspose2d, EqualsItsDefinition) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Options& o = c.options;
    Rng rng = fixed_rng();
    ConvTranspose2d layer(o, rng);
    const std::vector<NamedParameter> parameters = named_parameters(layer);
    const Tensor x = random_tensor(c.x);
    const Tensor bias = o.bias ? parameters[1].parameter->tensor() : Tensor();
    const Tensor y = apply(layer, x);
    const Index height = (c.x[1] - 1) * o.stride_height - 2 * o.padding_height +
                         o.dilation_height * (o.kernel_height - 1) + o.output_padding_height + 1;
    const Index width = (c.x[2] - 1) * o.stride_width - 2 * o.padding_width + o.dilation_width * (o.kernel_width - 1) +
                        o.output_padding_width + 1;
    ASSERT_EQ(y.shape(), (Shape{c.x[0], height, width, o.out_channels}));
    const Tensor weight = parameters[0].parameter->in_file_order();
    ASSERT_EQ(weight.shape(), (Shape{o.in_channels, o.out_channels / o.groups, o.kernel_height, o.kernel_width}));
    const std::vector<double> expected = slow_twin(o, x, weight, bias, y.shape());
    for (Index i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(y.data()[i], expected[static_cast<std::size_t>(i)], 2e-6) << i;
    }
  }
}

TEST(ConvTranspose1d, IsThatOfImagesOfHeightOne) {
  const ConvTranspose1d::Options all[] = {
      {.in_channels = 4, .out_channels = 6, .kernel = 3, .stride = 2, .padding = 1, .groups = 2},
      {.in_channels = 4,
       .out_channels = 3,
       .kernel = 2,
       .stride = 3,
       .output_padding = 2,
       .dilation = 2,
       .bias = false}};
  for (const ConvTranspose1d::Options& o : all) {
    for (const Shape& x : {Shape{3, 5, 4}, Shape{0, 5, 4}}) {
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng& rng) { return std::make_unique<ConvTranspose1d>(o, rng); }, x));
    }
    Rng rng = fixed_rng();
    ConvTranspose1d line(o, rng);
    Rng again = fixed_rng();
    ConvTranspose2d image({.in_channels = o.in_channels,
                           .out_channels = o.out_channels,
                           .kernel_width = o.kernel,
                           .stride_width = o.stride,
                           .padding_width = o.padding,
                           .output_padding_width = o.output_padding,
                           .dilation_width = o.dilation,
                           .groups = o.groups,
                           .bias = o.bias},
                          again);
    EXPECT_EQ(named_parameters(line)[0].parameter->in_file_order().shape(),
              (Shape{o.in_channels, o.out_channels / o.groups, o.kernel}));
    const Tensor x = random_tensor({3, 5, 4});
    EXPECT_TRUE(std::ranges::equal(apply(line, x).values(), apply(image, x.reshaped({3, 1, 5, 4})).values()));
  }
}

TEST(ConvTranspose2d, StartsUniformWithinOneOverRootOfWhatPyTorchCountsAsInputs) {
  Rng rng = fixed_rng();
  ConvTranspose2d layer({.in_channels = 200, .out_channels = 8, .kernel_height = 5, .kernel_width = 5, .groups = 2},
                        rng);
  double largest = 0;
  for (const float value : named_parameters(layer)[0].parameter->tensor().values()) {
    largest = std::max(largest, std::fabs(static_cast<double>(value)));
  }
  EXPECT_LE(largest, 0.1 + 1e-7);  // 100 inputs: 4 channels of 5 x 5
  EXPECT_GT(largest, 0.09);        // false alarm below 1e-9, see the same test of Linear
}

TEST(ConvTranspose2d, SaysWhatDoesNotFit) {
  Rng rng = fixed_rng();
  ConvTranspose2d layer(
      {.in_channels = 3, .out_channels = 2, .kernel_height = 3, .kernel_width = 3, .padding_width = 3}, rng);
  layer.set_name("up1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 8, 8, 1}));
            }),
            "ConvTranspose2d \"up1\": x is [B, 8, 8, 1], expected [B, H, W, 3] with H and W above 0, channels last");
  EXPECT_EQ(message_of<ShapeError>([&] {
              layer.output_shape({4, 4, 3});
            }),
            "ConvTranspose2d \"up1\": padding 3 leaves nothing of a result of width 6; state less");
  message_of<ShapeError>([&] { layer.output_shape({0, 8, 3}); });
  const auto line = [](const Shape& sample) {
    ConvTranspose1d::output_shape({.in_channels = 1, .out_channels = 1, .kernel = 2}, sample);
  };
  EXPECT_EQ(message_of<ShapeError>([&] {
              line({0, 1});
            }),
            "ConvTranspose1d: x is [B, 0, 1], expected [B, T, 1] with T above 0, channels last");
}

TEST(ConvTranspose2d, RefusesImpossibleOptions) {
  Rng rng = fixed_rng();
  const auto message = [&](const Options& options) {
    return message_of<ConfigError>([&] { ConvTranspose2d(options, rng); });
  };
  EXPECT_EQ(message({.in_channels = 0, .out_channels = 1}), "ConvTranspose2d: in_channels is 0, expected 1 or more");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .stride_width = 2, .output_padding_width = 2}),
            "ConvTranspose2d: output_padding_width is 2; state less than the stride or the dilation, at most 1");
  EXPECT_EQ(message({.in_channels = 1, .out_channels = 1, .output_padding_height = -1}),
            "ConvTranspose2d: output_padding_height is -1, expected 0 or more");
  EXPECT_EQ(message({.in_channels = 4, .out_channels = 3, .groups = 2}),
            "ConvTranspose2d: groups is 2, which does not divide 4 input and 3 output channels; change one");
  EXPECT_EQ(
      message_of<ConfigError>([&] { ConvTranspose1d({.in_channels = 1, .out_channels = 1, .padding = -1}, rng); }),
      "ConvTranspose1d: padding is -1, expected 0 or more");
}

}  // namespace
}  // namespace dpml
