#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "config/small_config.h"
#include "dpml/config/build_model.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/random/key.h"

namespace dpml {
namespace {

Rng rng() {
  return Rng(Key::from_seed(1), Purpose::initialisation, 0, 0);
}

std::unique_ptr<Layer> build(const std::string& model, const std::string& shape) {
  const Experiment e = parse(around_model(model, shape));
  Rng init = rng();
  return build_model(e.model, e.train.sample_shape, init);
}

void expect_problem(const std::string& model, const std::string& shape, const std::string& beginning) {
  const std::string found = problems_of(around_model(model, shape));
  EXPECT_TRUE(found.starts_with(beginning)) << "expected: " << beginning << "\ngot:      " << found;
  EXPECT_EQ(found.find('\n'), std::string::npos) << found;
}

std::vector<std::string> parameters(Layer& model) {
  std::vector<std::string> texts;
  for (const NamedParameter& named : named_parameters(model)) {
    texts.push_back(named.name + " " + named.parameter->shape().to_text() +
                    (named.parameter->trainable() ? "" : " frozen"));
  }
  return texts;
}

TEST(BuildModel, InfersSizesFromTheShapeOfTheInput) {
  const auto model = build(R"(layer { name: "conv1" conv2d { out_channels: 16 kernel: 8 stride: 2 padding: 3 } }
    layer { tanh {} }
    layer { max_pool2d { kernel: 2 stride: 1 } }
    layer { name: "conv2" conv2d { out_channels: 32 kernel: 4 stride: 2 } }
    layer { gelu {} }
    layer { group_norm { groups: 4 } }
    layer { avg_pool2d { kernel: 2 stride: 1 } }
    layer { flatten {} }
    layer { linear { out: 32 bias: false } }
    layer { layer_norm {} }
    layer { dropout { probability: 0.5 } }
    layer { name: "last" linear { out: 10 } })",
                           "[28, 28, 1]");
  EXPECT_EQ(parameters(*model),
            (std::vector<std::string>{"conv1.weight [16, 8, 8, 1]", "conv1.bias [16]", "conv2.weight [32, 4, 4, 16]",
                                      "conv2.bias [32]", "5.weight [32]", "5.bias [32]", "8.weight [32, 512]",
                                      "9.weight [32]", "9.bias [32]", "last.weight [10, 32]", "last.bias [10]"}));
  EXPECT_EQ(model->output_shape({28, 28, 1}), Shape{10});
}

TEST(BuildModel, BuildsLayersInsideLayers) {
  const auto model = build(R"(layer { embedding { vocabulary: 50 features: 6 } }
    layer {
      name: "block"
      residual {
        body { layer { linear { out: 12 } } layer { relu {} } layer { name: "down" linear { out: 3 } } }
        shortcut { layer { linear { out: 3 bias: false } } }
      }
    }
    layer { frozen: true sequential { layer { sigmoid {} } layer { linear { out: 2 } } } }
    layer { residual { body { layer { linear { out: 2 } } } } })",
                           "[7]");
  EXPECT_EQ(parameters(*model),
            (std::vector<std::string>{"0.weight [50, 6]", "block.body.0.weight [12, 6]", "block.body.0.bias [12]",
                                      "block.body.down.weight [3, 12]", "block.body.down.bias [3]",
                                      "block.shortcut.0.weight [3, 6]", "2.1.weight [2, 3] frozen",
                                      "2.1.bias [2] frozen", "3.body.0.weight [2, 2]", "3.body.0.bias [2]"}));
}

TEST(BuildModel, ReadsPairs) {
  const auto model =
      build("layer { conv2d { out_channels: 2 kernel: [3, 5] stride: [2, 1] padding: [1, 0] dilation: [1, 2] } }",
            "[12, 20, 3]");
  EXPECT_EQ(parameters(*model)[0], "0.weight [2, 3, 5, 3]");
  // Any two numbers the wrong way round would make others of this.
  EXPECT_EQ(model->output_shape({12, 20, 3}), (Shape{6, 12, 2}));
}

TEST(BuildModel, FollowsTheShapesThatLayersGive) {  // infer_sizes against output_shape, asserted by build_model
  int built = 0;
  for (Index height = 3; height < 12; ++height) {
    for (Index kernel = 1; kernel <= 3; ++kernel) {
      for (Index stride = 1; stride <= 3; ++stride) {
        const Conv2d::Options conv{.out_channels = 4,
                                   .kernel_height = kernel,
                                   .kernel_width = kernel,
                                   .stride_height = stride,
                                   .stride_width = 2,
                                   .padding_height = 2,
                                   .dilation_width = 2,
                                   .groups = 2};
        const MaxPool2d::Options pool{.kernel = kernel, .padding = kernel / 2};
        const ModelSpec spec{
            {{.kind = kinds::conv2d(conv)}, {.kind = kinds::max_pool2d(pool)}, {.kind = kinds::flatten()}}};
        Rng init = rng();
        try {
          build_model(spec, {height, 7, 2}, init);
          ++built;
        } catch (const ConfigError&) {  // the window does not fit
        }
      }
    }
  }
  EXPECT_GT(built, 50);
}

TEST(BuildModel, AcceptsStatedSizesThatAgree) {
  build(R"(layer { conv2d { in_channels: 3 out_channels: 4 kernel: 1 } } layer { group_norm { groups: 2 channels: 4 } }
    layer { layer_norm { shape: [5, 4] } } layer { linear { in: 4 out: 1 } })",
        "[6, 5, 3]");
}

TEST(BuildModel, ReadsPaddings) {
  const auto sizes = [](const std::string& layer, const std::string& shape, const Shape& sample) {
    return build(layer, shape)->output_shape(sample);
  };
  EXPECT_EQ(sizes("layer { conv2d { out_channels: 2 kernel: [4, 3] padding_same: true } }", "[7, 5, 1]", {7, 5, 1}),
            (Shape{7, 5, 2}));
  EXPECT_EQ(sizes("layer { conv1d { out_channels: 2 kernel: 4 dilation: 3 padding_same: true } }", "[7, 3]", {7, 3}),
            (Shape{7, 2}));
  EXPECT_EQ(sizes("layer { conv1d { out_channels: 2 kernel: 3 stride: 2 padding: 6 padding_mode: \"reflect\" } }",
                  "[7, 3]", {7, 3}),
            (Shape{9, 2}));
  expect_problem("layer { conv1d { out_channels: 2 kernel: 3 padding: 7 padding_mode: reflect } }", "[7, 3]",
                 "c.txtpb:3: model.layer[0].conv1d.kernel: the sizes do not fit: padding 7 is too much for width 7; a "
                 "reflection has fewer than that");
  expect_problem("layer { conv2d { out_channels: 2 kernel: 3 padding: [0, 4] padding_mode: CIRCULAR } }", "[3, 3, 1]",
                 "c.txtpb:3: model.layer[0].conv2d.kernel: the sizes do not fit: padding 4 is too much for width 3; a "
                 "circle has at most that");
  expect_problem("layer { conv2d { out_channels: 2 kernel: 3 padding: 1 padding_same: true } }", "[3, 3, 1]",
                 "c.txtpb:3: model.layer[0].conv2d.padding_same: stands beside a padding; state one of them");
  expect_problem("layer { conv1d { out_channels: 2 kernel: 3 stride: 2 padding_same: true } }", "[3, 1]",
                 "c.txtpb:3: model.layer[0].conv1d.padding_same: keeps sizes, which a stride above 1 does not");
  expect_problem("layer { conv1d { out_channels: 2 kernel: 3 padding_mode: mirror } }", "[3, 1]",
                 "c.txtpb:3: model.layer[0].conv1d.padding_mode: is `mirror`; expected");
  for (const char* mode : {"zeros", "reflect", "replicate", "circular"}) {  // sizes that no memory holds
    expect_problem(
        "layer { conv1d { out_channels: 2 kernel: 2147483648 dilation: 2147483648 padding_same: true "
        "padding_mode: " +
            std::string(mode) + " } }",
        "[3, 1]", "c.txtpb:3: model.layer[0].conv1d.kernel: the sizes do not fit: padding ");
    expect_problem(
        "layer { conv2d { out_channels: 2 kernel: 3 padding: 2147483648 padding_mode: " + std::string(mode) + " } }",
        "[3, 3, 1]", "c.txtpb:3: model.layer[0].conv2d.kernel: the sizes do not fit: padding ");
  }
}

TEST(BuildModel, ReadsWindows) {
  const auto sizes = [](const std::string& layer, const Shape& sample) {
    return build("layer { " + layer + " }", sample.to_text())->output_shape(sample);
  };
  EXPECT_EQ(sizes("max_pool2d { kernel: 2 kernel_width: 3 }", {9, 9, 1}), (Shape{4, 3, 1}));
  EXPECT_EQ(sizes("max_pool2d { kernel: 2 stride: 1 kernel_width: 3 }", {9, 9, 1}), (Shape{8, 7, 1}));
  EXPECT_EQ(sizes("avg_pool2d { kernel: 2 stride_width: 1 }", {9, 9, 1}), (Shape{4, 8, 1}));
  EXPECT_EQ(sizes("avg_pool2d { kernel: 4 padding: 2 padding_width: 0 }", {9, 9, 1}), (Shape{3, 2, 1}));
  EXPECT_EQ(sizes("avg_pool2d { kernel: 4 padding: 2 padding_width: 0 ceil_mode: true }", {9, 9, 1}), (Shape{3, 3, 1}));
  EXPECT_EQ(sizes("max_pool1d { kernel: 2 }", {9, 5}), (Shape{4, 5}));
  EXPECT_EQ(sizes("avg_pool1d { kernel: 2 ceil_mode: true }", {9, 5}), (Shape{5, 5}));
  EXPECT_EQ(sizes("adaptive_avg_pool2d { output_size: 1 }", {9, 8, 5}), (Shape{1, 1, 5}));
  EXPECT_EQ(sizes("adaptive_max_pool2d { output_size: [2, 3] }", {9, 8, 5}), (Shape{2, 3, 5}));
  EXPECT_EQ(sizes("adaptive_avg_pool1d { output_size: 2 }", {9, 5}), (Shape{2, 5}));
  EXPECT_EQ(sizes("adaptive_max_pool1d { output_size: 12 }", {9, 5}), (Shape{12, 5}));
  const auto refused = [](const std::string& layer, const std::string& shape, const std::string& why) {
    expect_problem("layer { " + layer + " }", shape, "c.txtpb:3: model.layer[0]." + why);
  };
  refused("max_pool2d { kernel: 4 kernel_width: 2 padding: 2 }", "[5, 5, 1]",
          "max_pool2d.padding: is 2; state at most half the kernel, 1");
  refused("avg_pool2d { kernel: 4 padding_width: 3 }", "[5, 5, 1]",
          "avg_pool2d.padding_width: is 3; state at most half the kernel, 2");
  refused("max_pool2d { kernel: 2 kernel_width: 0 }", "[5, 5, 1]", "max_pool2d.kernel_width: is 0; state a whole");
  refused("max_pool1d { kernel: 2 padding: 2 }", "[5, 1]", "max_pool1d.padding: is 2; state at most half");
  refused("avg_pool1d { kernel: 6 }", "[5, 1]", "avg_pool1d.kernel: the sizes do not fit: ");
  refused("avg_pool1d { kernel: 6 }", "[5, 5, 1]", "avg_pool1d: needs a sequence");
  refused("adaptive_avg_pool2d {}", "[5, 5, 1]", "adaptive_avg_pool2d.output_size: is missing; state how many windows");
  refused("adaptive_max_pool1d {}", "[5, 1]", "adaptive_max_pool1d.output_size: is missing");
  refused("adaptive_max_pool2d { output_size: [1, 2, 3] }", "[5, 5, 1]",
          "adaptive_max_pool2d.output_size: has more than two numbers");
  refused("adaptive_max_pool2d { output_size: 1 }", "[5000, 5000, 1]",
          "adaptive_max_pool2d.output_size: the sizes do not fit: a window [5000, 5000] has more than 2^24 places");
  for (const char* fits_nowhere : {"kernel: 2147483648 stride: 2147483648 padding: 1073741824 ceil_mode: true",
                                   "kernel: 2147483648 ceil_mode: true"}) {
    for (const char* word : {"max_pool1d", "avg_pool1d"}) {
      refused(std::string(word) + " { " + fits_nowhere + " }", "[5, 1]", std::string(word) + ".kernel: the sizes");
    }
    for (const char* word : {"max_pool2d", "avg_pool2d"}) {
      refused(std::string(word) + " { " + fits_nowhere + " }", "[5, 5, 1]", std::string(word) + ".kernel: the sizes");
    }
  }
}

TEST(BuildModel, ReadsTransposedConvolutions) {
  const auto model = build(
      "layer { conv_transpose2d { out_channels: 2 kernel: [3, 5] stride: [2, 4] padding: [1, 0] output_padding: [0, 3] "
      "dilation: [1, 2] } }",
      "[12, 20, 3]");
  EXPECT_EQ(parameters(*model), (std::vector<std::string>{"0.weight [3, 3, 5, 2]", "0.bias [2]"}));
  // Any two numbers the wrong way round would make others of this.
  EXPECT_EQ(model->output_shape({12, 20, 3}), (Shape{23, 88, 2}));
  const auto line =
      build("layer { conv_transpose1d { out_channels: 6 kernel: 4 stride: 2 padding: 1 groups: 3 } }", "[5, 3]");
  EXPECT_EQ(parameters(*line), (std::vector<std::string>{"0.weight [3, 1, 4, 2]", "0.bias [6]"}));
  EXPECT_EQ(line->output_shape({5, 3}), (Shape{10, 6}));
  expect_problem("layer { conv_transpose1d { out_channels: 1 kernel: 2 output_padding: 1 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].conv_transpose1d.output_padding: is 1; state less than the stride or the "
                 "dilation, at most 0");
  expect_problem("layer { conv_transpose2d { out_channels: 1 kernel: 2 output_padding: [0, 3] stride: 3 } }",
                 "[5, 3, 1]",
                 "c.txtpb:3: model.layer[0].conv_transpose2d.output_padding: is 3; state less than the "
                 "stride");
  expect_problem(
      "layer { conv_transpose1d { out_channels: 1 kernel: 2 padding: 3 } }", "[5, 3]",
      "c.txtpb:3: model.layer[0].conv_transpose1d.kernel: the sizes do not fit: padding 3 leaves nothing of a "
      "result of width 6");
  expect_problem("layer { conv_transpose2d { out_channels: 1 } }", "[5, 3, 1]",
                 "c.txtpb:3: model.layer[0].conv_transpose2d.kernel: is missing");
  expect_problem("layer { conv_transpose2d { out_channels: 1 kernel: 1 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].conv_transpose2d: needs images");
  expect_problem(
      "layer { conv_transpose1d { out_channels: 2147483648 kernel: 2147483648 dilation: 2147483648 stride: "
      "2147483648 } }",
      "[2147483648, 3]",
      "c.txtpb:3: model.layer[0]: the sizes do not fit: the width of the result is more than can be counted");
}

TEST(BuildModel, ReadsNorms) {
  const auto model =
      build(R"(layer { rms_norm {} } layer { rms_norm { shape: [5, 4] } } layer { rms_norm { affine: false } }
    layer { instance_norm {} } layer { instance_norm { channels: 4 affine: true } }
    layer { name: "bn1" frozen_batch_norm {} })",
            "[5, 4]");
  EXPECT_EQ(parameters(*model),
            (std::vector<std::string>{"0.weight [4]", "1.weight [5, 4]", "4.weight [4]", "4.bias [4]",
                                      "bn1.weight [4] frozen", "bn1.bias [4] frozen", "bn1.running_mean [4] frozen",
                                      "bn1.running_var [4] frozen"}));
  expect_problem("layer { rms_norm { shape: [3, 4] } }", "4",
                 "c.txtpb:3: model.layer[0].rms_norm.shape: is [3, 4], but the input is [4]; state its last axes");
  expect_problem("layer { rms_norm { epsilon: 0 } }", "4", "c.txtpb:3: model.layer[0].rms_norm.epsilon: is 0; state");
  expect_problem("layer { instance_norm {} }", "4",
                 "c.txtpb:3: model.layer[0].instance_norm: needs an input of positions and channels, but it is [4]");
  expect_problem("layer { instance_norm { channels: 3 } }", "[2, 4]",
                 "c.txtpb:3: model.layer[0].instance_norm.channels: is 3, but the input is [2, 4]");
  expect_problem("layer { frozen_batch_norm { channels: 3 } }", "[2, 4]",
                 "c.txtpb:3: model.layer[0].frozen_batch_norm.channels: is 3, but the input is [2, 4]");
  EXPECT_EQ(parse(around_model("layer { rms_norm {} }", "4")).text,
            parse(around_model("layer { rms_norm { epsilon: "
                               "1.1920928955078125e-07 affine: true } }",
                               "4"))
                .text);
}

TEST(BuildModel, StatesWhatIsNotThereInFilesOfVersion1) {
  const std::string plain = parse(around_model("layer { conv2d { out_channels: 2 kernel: 3 } }", "[3, 3, 1]")).text;
  EXPECT_EQ(plain.find("padding"), std::string::npos);
  const std::string pool = parse(around_model("layer { max_pool2d { kernel: 3 } }", "[3, 3, 1]")).text;
  EXPECT_NE(pool.find("max_pool2d {\n      kernel: 3\n      padding: 0\n    }"), std::string::npos) << pool;
  EXPECT_EQ(parse(around_model("layer { conv2d { out_channels: 2 kernel: 3 padding_same: false padding_mode: ZEROS } }",
                               "[3, 3, 1]"))
                .text,
            plain);
}

TEST(BuildModel, NamesSizesThatDoNotAgree) {
  expect_problem("layer { linear { in: 3 out: 1 } }", "4",
                 "c.txtpb:3: model.layer[0].linear.in: is 3, but the input is [4]; state 4 or leave it out");
  expect_problem("layer { name: \"first\" conv2d { in_channels: 3 out_channels: 4 kernel: 1 } }", "[6, 5, 1]",
                 "c.txtpb:3: model.layer[0].conv2d.in_channels: layer \"first\": is 3, but the input is [6, 5, 1];");
  expect_problem("layer { group_norm { groups: 1 channels: 3 } }", "4",
                 "c.txtpb:3: model.layer[0].group_norm.channels: is 3, but");
  expect_problem("layer { layer_norm { shape: [3, 4] } }", "4",
                 "c.txtpb:3: model.layer[0].layer_norm.shape: is [3, 4], but the input is [4]; state its last axes");
  expect_problem("layer { residual { body { layer { linear { out: 3 } } } } }", "4",
                 "c.txtpb:3: model.layer[0].residual: body gives [3], shortcut gives [4]; the two are added");
}

TEST(BuildModel, NamesLayersThatDoNotFit) {
  expect_problem("layer { tanh {} }\nlayer { conv2d { out_channels: 1 kernel: 1 } }", "[5, 5]",
                 "c.txtpb:4: model.layer[1].conv2d: needs images [height, width, channels], but the input is [5, 5]");
  expect_problem(
      "layer { conv1d { out_channels: 1 kernel: 1 } }", "[5, 5, 1]",
      "c.txtpb:3: model.layer[0].conv1d: needs a sequence [positions, features], but the input is [5, 5, 1]");
  expect_problem("layer { conv1d { out_channels: 1 kernel: 6 } }", "[5, 1]",
                 "c.txtpb:3: model.layer[0].conv1d.kernel: the sizes do not fit: ");
  expect_problem("layer { max_pool2d { kernel: 6 } }", "[5, 5, 1]",
                 "c.txtpb:3: model.layer[0].max_pool2d.kernel: the sizes do not fit: ");
  expect_problem("layer { conv2d { out_channels: 4 kernel: 1 groups: 3 } }", "[5, 5, 6]",
                 "c.txtpb:3: model.layer[0].conv2d.groups: is 3, which does not divide 6 input and 4 output channels");
  expect_problem("layer { group_norm { groups: 3 } }", "4",
                 "c.txtpb:3: model.layer[0].group_norm.groups: is 3, which does not divide 4 channels");
}

TEST(BuildModel, NamesImpossibleSizes) {
  expect_problem("layer { linear { out: 0 } }", "4",
                 "c.txtpb:3: model.layer[0].linear.out: is 0; state a whole number");
  expect_problem("layer { linear { out: -5 } }", "4", "c.txtpb:3: model.layer[0].linear.out: is -5");
  expect_problem("layer { linear {} }", "4", "c.txtpb:3: model.layer[0].linear.out: is missing");
  expect_problem("layer { linear { out: 99999999999 } }", "4", "c.txtpb:3: model.layer[0].linear.out: is 99999999999");
  expect_problem("layer { conv2d { out_channels: 1 } }", "[5, 5, 1]",
                 "c.txtpb:3: model.layer[0].conv2d.kernel: is missing; state the size of the window");
  expect_problem("layer { conv2d { out_channels: 1 kernel: [1, 1, 1] } }", "[5, 5, 1]",
                 "c.txtpb:3: model.layer[0].conv2d.kernel: has more than two numbers");
  expect_problem("layer { conv2d { out_channels: 1 kernel: [1, -1] } }", "[5, 5, 1]",
                 "c.txtpb:3: model.layer[0].conv2d.kernel[1]: is -1");
  expect_problem("layer { max_pool2d { kernel: 3 padding: 2 } }", "[5, 5, 1]",
                 "c.txtpb:3: model.layer[0].max_pool2d.padding: is 2; state at most half the kernel, 1");
  expect_problem("layer { leaky_relu { negative_slope: 1e39 } }", "4",
                 "c.txtpb:3: model.layer[0].leaky_relu.negative_slope: is 1e+39, expected a finite float");
  expect_problem("layer { dropout { probability: 1 } }", "4", "c.txtpb:3: model.layer[0].dropout.probability: is 1");
  expect_problem(
      "layer { embedding { vocabulary: 99999999 features: 1 } }", "4",
      "c.txtpb:3: model.layer[0].embedding.vocabulary: is 99999999; state a whole number from 1 to 16,777,216");
  expect_problem("layer { embedding { vocabulary: 5 features: 1 padding_idx: 5 } }", "4",
                 "c.txtpb:3: model.layer[0].embedding.padding_idx: is 5, expected an index in [0, 5)");
  expect_problem("layer { embedding_bag { vocabulary: 5 features: 1 padding_idx: -1 } }", "4",
                 "c.txtpb:3: model.layer[0].embedding_bag.padding_idx: is -1; state a whole number of at least 0");
  expect_problem(
      "layer { embedding_bag { vocabulary: 5 features: 1 } } layer { embedding_bag { vocabulary: 5 features: 1 } }",
      "4", "c.txtpb:3: model.layer[1].embedding_bag: wants whole numbers, the inputs of the model");
  expect_problem(
      "layer { learned_positions { positions: 4 } }", "[5, 3]",
      "c.txtpb:3: model.layer[0].learned_positions.positions: is 4, but the input is [5, 3]; state its number of");
  expect_problem("layer { sinusoidal_positions { features: 4 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].sinusoidal_positions.features: is 4, but the input is [5, 3]; state 3");
  expect_problem(
      "layer { sinusoidal_positions {} }", "4",
      "c.txtpb:3: model.layer[0].sinusoidal_positions: needs a sequence [positions, features], but the input is");
  expect_problem("layer { multihead_attention { num_heads: 2 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].multihead_attention.num_heads: is 2, which does not divide the 3 features");
  expect_problem("layer { multihead_attention { num_heads: 1 rotary: true } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].multihead_attention.rotary: turns pairs of numbers, but a head has 3");
  expect_problem("layer { multihead_attention { embed_dim: 4 num_heads: 1 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].multihead_attention.embed_dim: is 4, but the input is [5, 3]; state 3");
  expect_problem("layer { multihead_attention { num_heads: 1 } }", "[5, 5, 3]",
                 "c.txtpb:3: model.layer[0].multihead_attention: needs a sequence [positions, features]");
  expect_problem("layer { multihead_attention { num_heads: 3 } }", "[2000000000, 3]", "c.txtpb:3: model.layer[0]: ");
  expect_problem(
      "layer { transformer_encoder_layer { nhead: 2 } }", "[5, 3]",
      "c.txtpb:3: model.layer[0].transformer_encoder_layer.nhead: is 2, which does not divide the 3 features");
  expect_problem("layer { transformer_encoder_layer { nhead: 1 dim_feedforward: 0 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].transformer_encoder_layer.dim_feedforward: is 0; state a whole number");
  expect_problem("layer { lstm {} }", "[5, 3]", "c.txtpb:3: model.layer[0].lstm.hidden_size: is missing");
  expect_problem("layer { gru { hidden_size: 2 input_size: 4 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].gru.input_size: is 4, but the input is [5, 3]; state 3 or leave it out");
  expect_problem("layer { rnn { hidden_size: 2 num_layers: 1001 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[0].rnn.num_layers: is 1001; state a whole number from 1 to 1,000");
  expect_problem("layer { rnn { hidden_size: 2 output: LAST } } layer { gru { hidden_size: 2 } }", "[5, 3]",
                 "c.txtpb:3: model.layer[1].gru: needs a sequence [positions, features], but the input is [2]");
  expect_problem("layer { lstm { hidden_size: 2147483648 } }", "[2147483648, 3]", "c.txtpb:3: model.layer[0]: ");
  expect_problem(
      "layer { mean_over_positions {} }", "4",
      "c.txtpb:3: model.layer[0].mean_over_positions: needs positions [..., features], but the input is [4]");
  expect_problem("", "4", "c.txtpb:2: model.layer: is missing; state at least one layer");
  expect_problem("layer { residual {} }", "4", "c.txtpb:3: model.layer[0].residual.body: is missing");
}

TEST(BuildModel, RefusesBatchNormWithAdvice) {
  const std::string found = problems_of(around_model("layer { name: \"bn1\" batch_norm { channels: 4 } }", "4"));
  EXPECT_TRUE(found.starts_with("c.txtpb:3: model.layer[0].batch_norm: BatchNorm: ")) << found;
  EXPECT_NE(found.find("GroupNorm"), std::string::npos) << found;
  EXPECT_NE(found.find("FrozenBatchNorm"), std::string::npos) << found;
}

TEST(BuildModel, RefusesNamesThatAreTakenOrNoNames) {
  expect_problem("layer { name: \"a\" tanh {} }\nlayer { name: \"a\" tanh {} }", "4",
                 "c.txtpb:4: model.layer[1].name: another layer of the list is called a, too; rename one");
  for (const char* name : {"", "0", "a.b", "a/b", "a b"}) {
    expect_problem("layer { name: \"" + std::string(name) + "\" tanh {} }", "4",
                   "c.txtpb:3: model.layer[0].name: is no name for a layer");
  }
}

TEST(BuildModel, RepeatsItselfForTheSameKey) {
  const auto a = build("layer { linear { out: 3 } }", "4");
  const auto b = build("layer { linear { out: 3 } }", "4");
  const Tensor& x = named_parameters(*a)[0].parameter->tensor();
  const Tensor& y = named_parameters(*b)[0].parameter->tensor();
  EXPECT_TRUE(std::equal(x.values().begin(), x.values().end(), y.values().begin()));
}

TEST(BuildModel, BuildsASpecMadeInCpp) {
  Rng init = rng();
  const auto model = build_model({{{.kind = kinds::linear({.out = 2})}, {.kind = kinds::relu()}}}, {3}, init);
  EXPECT_EQ(model->output_shape({3}), Shape{2});
  const auto refused = [&](const std::string& why, const ModelSpec& model) {
    expect_error<ConfigError>(why, [&] { build_model(model, {3}, init); });
  };
  refused("layer 0: ", {{{.kind = kinds::linear({})}}});
  refused("layer 1: is 4, but the input is [3]; state 3",
          {{{.kind = kinds::tanh()}, {.kind = kinds::linear({.in = 4, .out = 2})}}});
  refused("layer \"last\": ", {{{.name = "last", .kind = kinds::linear({})}}});
  refused("a layer has no kind", {{{}}});
  refused("a layer has no kind", {{{.kind = kinds::residual({{}})}}});
}

}  // namespace
}  // namespace dpml
