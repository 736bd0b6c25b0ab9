#include "dpml/config/model_sizes.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/expect_error.h"
#include "config/layer_examples.h"
#include "config/small_config.h"
#include "dpml/base/error.h"
#include "dpml/config/build_model.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/random/key.h"
#include "layer_kinds/kinds.h"

namespace dpml {
namespace {

/// What the built model says of itself: the slow and obvious twin.
void expect_as_built(const ModelSpec& spec, const Shape& sample) {
  const ModelSizes sizes = model_sizes(spec, sample);
  Rng init(Key::from_seed(1), Purpose::initialisation, 0, 0);
  const auto model = build_model(spec, sample, init);
  const std::vector<NamedParameter> parameters = named_parameters(*model);
  ASSERT_EQ(sizes.weights.size(), parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_EQ(sizes.weights[i].name, parameters[i].name);
    EXPECT_EQ(sizes.weights[i].shape, parameters[i].parameter->in_file_order().shape()) << parameters[i].name;
  }
  EXPECT_EQ(sizes.parameters, count_parameters(*model));
  Tape tape;
  model->forward(tape, tape.sample(Tensor::zeros(sample.with_front(1))));
  EXPECT_EQ(sizes.recorded_numbers, tape.recorded_numbers() + sample.size());
}

/// A layer that keeps images images.
LayerSpec random_layer(std::mt19937& random, int depth) {
  LayerSpec layer;
  layer.frozen = random() % 4 == 0;
  const auto layers = [&] {
    std::vector<LayerSpec> inner;
    for (unsigned i = 0; i <= random() % 3; ++i) inner.push_back(random_layer(random, depth + 1));
    return inner;
  };
  switch (random() % (depth < 2 ? 12U : 10U)) {
    case 0:
      layer.kind = kinds::tanh();
      break;
    case 1:
      layer.kind = kinds::linear({.out = 6, .bias = random() % 2 == 0});
      break;
    case 2:
      layer.kind = kinds::conv2d({.out_channels = 6,
                                  .kernel_height = 3,
                                  .kernel_width = 2,
                                  .padding_height = 1,
                                  .padding_width = 1,
                                  .groups = 1,
                                  .bias = random() % 2 == 0});
      break;
    case 3:
      layer.kind = kinds::conv2d({.out_channels = 6, .groups = 2});
      break;
    case 4:
      layer.kind = kinds::max_pool2d({.kernel = 2, .stride = 1, .padding = 1});
      break;
    case 5:
      layer.kind = kinds::avg_pool2d({.kernel = 2, .stride = 1, .padding = 1});
      break;
    case 6:
      layer.kind = kinds::group_norm({.groups = 2, .affine = random() % 2 == 0});
      break;
    case 7: {
      LayerNorm::Options norm;
      norm.affine = random() % 2 == 0;
      layer.kind = kinds::layer_norm(norm);
      break;
    }
    case 8:
      layer.kind = kinds::dropout({.probability = 0.5});
      break;
    case 9:
      layer.kind = kinds::relu();
      break;
    case 10:
      layer.kind = kinds::sequential(layers());
      layer.name = "block";
      break;
    default: {
      LayerSpec inner;
      inner.kind = kinds::linear({.out = 6});
      std::vector<LayerSpec> shortcut;
      if (random() % 2 == 0) shortcut = {inner};
      layer.kind = kinds::residual({inner, inner}, shortcut);
    }
  }
  return layer;
}

TEST(ModelSizes, AreThoseOfTheBuiltModel) {
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    ModelSpec spec;
    std::set<std::string> names;
    for (unsigned k = 0; k <= random() % 6; ++k) {
      spec.layers.push_back(random_layer(random, 0));
      if (!names.insert(spec.layers.back().name).second) spec.layers.back().name.clear();
    }
    LayerSpec flatten;
    flatten.kind = kinds::flatten();
    if (random() % 2 == 0) spec.layers.push_back(flatten);
    expect_as_built(spec, {8, 9, 6});
    if (HasFailure()) FAIL() << "model " << i;
  }
  LayerSpec embedding;
  embedding.kind = kinds::embedding({.vocabulary = 11, .features = 3});
  LayerSpec flatten;
  flatten.kind = kinds::flatten();
  LayerSpec linear;
  linear.kind = kinds::linear({.out = 2});
  expect_as_built({{embedding, flatten, linear}}, {5});
  embedding.frozen = true;
  expect_as_built({{embedding, flatten, linear}}, {5});
}

TEST(ModelSizes, AreThoseOfTheBuiltModelForEveryLayer) {
  for (const auto& row : config::kLayerWords) {
    if (row.word == "batch_norm") continue;  // refused
    const std::string word(row.word);
    SCOPED_TRACE(word);
    ASSERT_TRUE(kExamples.contains(word)) << "add an example of it";
    Experiment experiment = parse(around_model(example_model(word, kExamples.at(word)), input_of(word)));
    expect_as_built(experiment.model, experiment.train.sample_shape);
    experiment.model.layers.push_back({.kind = kinds::tanh()});
    expect_as_built(experiment.model, experiment.train.sample_shape);
  }
}

TEST(ModelSizes, AreThoseOfTheBuiltModelForEveryWayOfASequence) {
  const std::string blocks[] = {
      "learned_positions {}",
      "multihead_attention { num_heads: 2 bias: false }",
      "multihead_attention { num_heads: 4 num_kv_heads: 1 }",
      "transformer_encoder_layer { nhead: 2 dim_feedforward: 5 activation: SWIGLU norm_first: true }",
      "transformer_encoder_layer { nhead: 4 dim_feedforward: 5 activation: GELU num_kv_heads: 2 }",
      "rnn { hidden_size: 3 num_layers: 3 output: LAST }",
      "rnn { hidden_size: 3 num_layers: 2 bias: false bidirectional: true output: LAST }",
      "lstm { hidden_size: 3 output: LAST }",
      "gru { hidden_size: 3 num_layers: 2 bidirectional: true }",
      "sum_over_positions {}",
  };
  for (const std::string& block : blocks) {
    for (const char* frozen : {"", " frozen: true"}) {
      SCOPED_TRACE(block + frozen);
      // Alone, and where a gradient reaches its input.
      const std::string layer = "layer { " + block + frozen + " }";
      const ModelSpec alone = parse(around_model(layer, "[6, 4]")).model;
      const ModelSpec behind = parse(around_model("layer { linear { out: 8 } } " + layer, "[6, 4]")).model;
      expect_as_built(alone, {6, 4});
      expect_as_built(behind, {6, 4});
    }
  }
}

TEST(ModelSizes, CountConstantsThatWantNoGradient) {
  LayerSpec norm;
  norm.kind = kinds::frozen_batch_norm({});
  LayerSpec linear;
  linear.kind = kinds::linear({.out = 3});
  expect_as_built({{norm, norm}}, {5, 4});
  expect_as_built({{norm, linear, norm, linear}}, {5, 4});
  EXPECT_EQ(model_sizes({{norm, norm}}, {5, 4}).recorded_numbers, 20);
}

TEST(ModelSizes, NeedNoMemory) {
  // 5 billion parameters, and as many as can hardly be counted.
  LayerSpec wide;
  wide.kind = kinds::linear({.out = 70'000});
  const ModelSizes sizes = model_sizes({{wide, wide}}, {10});
  EXPECT_EQ(sizes.parameters, 70'000 * 11 + Index{70'000} * 70'001);
  LayerSpec huge;
  huge.kind = kinds::linear({.out = Index{1} << 31});
  EXPECT_EQ(model_sizes({{huge, huge}}, {1}).parameters, (Index{1} << 32) + (Index{1} << 62) + (Index{1} << 31));
  expect_error<ConfigError>("more parameters than can be counted", [&] { model_sizes({{huge, huge, huge}}, {1}); });
}

}  // namespace
}  // namespace dpml
