#include <gtest/gtest.h>

#include <map>

#include "base/expect_error.h"
#include "config/small_config.h"
#include "dpml/config/adapters.h"
#include "dpml/config/build_model.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/config/model_sizes.h"
#include "dpml/random/key.h"

// Which weights are trained: `frozen`, `trainable`, `lora`.

namespace dpml {
namespace {

struct Built {
  Experiment experiment;
  std::unique_ptr<Layer> model;
};

Built build(const std::string& model, const std::string& shape) {
  Built built{parse(around_model(model, shape)), nullptr};
  Rng init(Key::from_seed(1), Purpose::initialisation, 0, 0);
  built.model = build_model(built.experiment.model, built.experiment.train.sample_shape, init);
  return built;
}

/// Trained ones; what is counted says the same.
std::vector<std::string> trained(const std::string& model, const std::string& shape) {
  const Built built = build(model, shape);
  std::vector<std::string> names;
  for (const NamedParameter& named : named_parameters(*built.model)) {
    if (named.parameter->trainable()) names.push_back(named.name);
  }
  const ModelSizes sizes = model_sizes(built.experiment.model, built.experiment.train.sample_shape);
  std::vector<std::string> counted;
  for (const WeightSize& weight : sizes.weights) {
    if (weight.is_trained) counted.push_back(weight.name);
  }
  EXPECT_EQ(names, counted);
  Tape tape;
  built.model->forward(tape, tape.sample(Tensor::zeros(built.experiment.train.sample_shape.with_front(1))));
  EXPECT_EQ(sizes.recorded_numbers, tape.recorded_numbers() + built.experiment.train.sample_shape.size());
  return names;
}

using Names = std::vector<std::string>;

const std::string kTwo = "layer { name: \"a\" linear { out: 3 } } layer { name: \"b\" linear { out: 2 } } ";

TEST(Trainable, PatternsSayWhichWeights) {
  EXPECT_EQ(trained(kTwo, "[4]"), (Names{"a.weight", "a.bias", "b.weight", "b.bias"}));
  EXPECT_EQ(trained("layer { frozen: true linear { out: 3 } } " + kTwo, "[4]"),
            (Names{"a.weight", "a.bias", "b.weight", "b.bias"}));
  EXPECT_EQ(trained(kTwo + "trainable: \"*.bias\"", "[4]"), (Names{"a.bias", "b.bias"}));
  EXPECT_EQ(trained(kTwo + "trainable: \"b.*\"", "[4]"), (Names{"b.weight", "b.bias"}));
  EXPECT_EQ(trained(kTwo + "trainable: [\"a.bias\", \"b.weight\"]", "[4]"), (Names{"a.bias", "b.weight"}));
  EXPECT_EQ(trained("layer { frozen: true frozen_batch_norm {} } " + kTwo + "trainable: \"b.*\"", "[4]"),
            (Names{"b.weight", "b.bias"}));
}

TEST(Trainable, PatternsThatMeanNothingAreProblems) {
  const auto problem = [&](const std::string& model) { return problems_of(around_model(model, "[4]")); };
  EXPECT_EQ(problem(kTwo + "trainable: \"c.*\""),
            "c.txtpb:3: model.trainable[0]: no weight of the model fits \"c.*\"; dpml inspect CONFIG shows the layers "
            "that begin them");
  EXPECT_EQ(
      problem("layer { name: \"f\" frozen: true linear { out: 3 } } " + kTwo + "trainable: [\"b.*\", \"*.bias\"]"),
      "c.txtpb:3: model.trainable[1]: fits f.bias, which keeps its values because its layer is frozen or it is a "
      "constant; state a narrower pattern, or no `frozen`");
  EXPECT_NE(problem("layer { frozen_batch_norm {} } " + kTwo + "trainable: \"*\"").find("fits 0.weight"),
            std::string::npos);
  EXPECT_NE(problem(kTwo + "trainable: \"*.*\"").find("c.txtpb:3: model.trainable[0]: "), std::string::npos);
  ModelSpec spec{.layers = {{.kind = kinds::linear({.out = 2})}}, .trainable = {"x"}};
  Rng init(Key::from_seed(1), Purpose::initialisation, 0, 0);
  expect_error<ConfigError>("trainable: no weight of the model fits \"x\"", [&] { build_model(spec, {3}, init); });
}

TEST(LoraOfConfig, TrainsTheAdapterAlone) {
  EXPECT_EQ(trained("layer { name: \"a\" lora { rank: 2 } linear { out: 3 } } layer { linear { out: 2 } }", "[4]"),
            (Names{"a.lora_A.weight", "a.lora_B.weight", "1.weight", "1.bias"}));
}

TEST(LoraOfConfig, TrainsWhatPatternsSay) {
  EXPECT_EQ(
      trained("layer { name: \"a\" lora { rank: 2 } linear { out: 3 } } trainable: [\"*.bias\", \"*.lora_A.weight\"]",
              "[4]"),
      (Names{"a.bias", "a.lora_A.weight"}));
  EXPECT_EQ(trained("layer { linear { out: 4 } } layer { name: \"a\" lora { rank: 2 } linear { out: 3 } } trainable: "
                    "\"a.lora_B.weight\"",
                    "[4]"),
            (Names{"a.lora_B.weight"}));
}

TEST(Trainable, WhatIsNotTrainedThoughItSeemsMeantToBeIsAWarning) {
  const auto warnings = [](const std::string& model) { return parse(around_model(model, "[4]")).warnings; };
  const std::vector<std::string> adapted = warnings(
      "layer { frozen: true sequential { layer { lora { rank: 1 } linear { out: 4 } } } } layer { linear { out: 3 } }");
  ASSERT_EQ(adapted.size(), 1U);
  EXPECT_NE(adapted[0].find("0.0.lora_B.weight is not trained and stays 0"), std::string::npos) << adapted[0];
  const std::vector<std::string> nothing = warnings("layer { frozen: true linear { out: 4 } }");
  ASSERT_EQ(nothing.size(), 1U);
  EXPECT_NE(nothing[0].find("has no weight that is trained"), std::string::npos) << nothing[0];
  EXPECT_TRUE(warnings("layer { linear { out: 4 } }").empty());
}

TEST(LoraOfConfig, SaysWhatItCannotAdapt) {
  const auto problem = [&](const std::string& model) { return problems_of(around_model(model, "[6, 4]")); };
  EXPECT_EQ(
      problem("layer { lora { rank: 2 } tanh {} }"),
      "c.txtpb:3: model.layer[0].lora: adapts no layer of this kind; it is for linear, convolutions without groups and "
      "embeddings");
  EXPECT_EQ(
      problem("layer { lora { rank: 2 } frozen: true linear { out: 3 } }"),
      "c.txtpb:3: model.layer[0].lora: trains what adapts the layer, but `frozen` keeps all of it; leave one out");
  EXPECT_EQ(problem("layer { lora { rank: 2 } from: [\"input\", \"input\"] add {} }"),
            "c.txtpb:3: model.layer[0].lora: is for layers with one input and weights of their own; leave it out");
  EXPECT_NE(problem("layer { lora { rank: 1 alpha: 1e300 } linear { out: 3 } }")
                .find("lora.alpha: over rank is inf as a float"),
            std::string::npos);
  EXPECT_NE(problem("layer { lora {} linear { out: 3 } }").find("lora.rank"), std::string::npos);
  EXPECT_NE(problem("layer { lora { rank: 2 } conv1d { out_channels: 4 kernel: 3 groups: 2 } }").find("without groups"),
            std::string::npos);
}

/// The merged model says what the adapted one says.
TEST(LoraOfConfig, MergesIntoTheWeight) {
  const std::pair<std::string, std::string> models[] = {
      {"linear { out: 3 }", "[5, 4]"},
      {"conv1d { out_channels: 3 kernel: 2 padding_same: true padding_mode: CIRCULAR }", "[6, 4]"},
      {"conv2d { out_channels: 3 kernel: [2, 3] stride: 2 bias: false }", "[6, 5, 2]"},
      {"conv_transpose1d { out_channels: 3 kernel: 3 stride: 2 }", "[6, 4]"},
      {"conv_transpose2d { out_channels: 3 kernel: [2, 3] stride: 2 }", "[4, 5, 2]"},
      {"embedding { vocabulary: 4 features: 3 padding_idx: 1 }", "[6]"},
      {"embedding_bag { vocabulary: 4 features: 3 mode: MEAN padding_idx: 1 }", "[6]"},
  };
  for (const auto& [layer, shape] : models) {
    SCOPED_TRACE(layer);
    const Built adapted = build("layer { name: \"a\" lora { rank: 2 alpha: 3 } " + layer + " }", shape);
    const Built plain = build("layer { name: \"a\" " + layer + " }", shape);
    Rng rng(Key::from_seed(9), Purpose::data);
    std::map<std::string, Tensor> weights;
    for (const NamedParameter& named : named_parameters(*adapted.model)) {
      Tensor value(named.parameter->shape());
      for (float& number : value.mutable_values()) number = static_cast<float>(rng.uniform(-1, 1));
      named.parameter->set(value);
      weights.emplace(named.name, named.parameter->in_file_order());
    }
    const Shape& sample = adapted.experiment.train.sample_shape;
    const std::map<std::string, Tensor> merged = merge_adapters(adapted.experiment.model, sample, weights);
    for (const NamedParameter& named : named_parameters(*plain.model)) {
      named.parameter->set_from_file_order(merged.at(named.name));
    }
    EXPECT_EQ(merged.size(), named_parameters(*plain.model).size());
    Tensor x(sample.with_front(2));
    for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(i % 4);
    Tape tape;
    const Tensor a = adapted.model->forward(tape, tape.sample(x)).tensor();
    const Tensor b = plain.model->forward(tape, tape.sample(x)).tensor();
    ASSERT_EQ(a.shape(), b.shape());
    double largest = 0;
    for (Index i = 0; i < a.size(); ++i) {
      EXPECT_NEAR(a.data()[i], b.data()[i], 1e-4);
      largest = std::max(largest, std::abs(static_cast<double>(a.data()[i])));
    }
    EXPECT_GT(largest, 0.5);
  }
}

}  // namespace
}  // namespace dpml
