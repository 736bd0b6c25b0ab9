#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "config/small_config.h"
#include "dpml/config/build_model.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/config/model_sizes.h"
#include "dpml/random/key.h"

// Lists of layers that are graphs: `from`, merges, weights in several places, `repeat`.

namespace dpml {
namespace {

std::unique_ptr<Layer> build(const std::string& model, const std::string& shape) {
  const Experiment e = parse(around_model(model, shape));
  Rng init(Key::from_seed(1), Purpose::initialisation, 0, 0);
  return build_model(e.model, e.train.sample_shape, init);
}

std::vector<std::string> names(Layer& model) {
  std::vector<std::string> found;
  for (const NamedParameter& named : named_parameters(model)) {
    found.push_back(named.name + (named.parameter->trainable() ? "" : " frozen"));
  }
  return found;
}

Tensor result_of(const Layer& model, const Tensor& x) {
  Tape tape;
  return model.forward(tape, tape.sample(x)).tensor();
}

Tensor counting(const Shape& shape) {
  Tensor x(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = 0.1F * static_cast<float>(i);
  return x;
}

void expect_problem(const std::string& model, const std::string& beginning) {
  const std::string found = problems_of(around_model(model, "[6, 4]"));
  EXPECT_TRUE(found.starts_with(beginning)) << "expected: " << beginning << "\ngot:      " << found;
  EXPECT_EQ(found.find('\n'), std::string::npos) << found;
}

TEST(GraphOfLayers, AShortcutIsAResidual) {
  const auto residual = build("layer { residual { body { layer { linear { out: 4 } } layer { tanh {} } } } }", "[4]");
  const auto graph =
      build(R"(layer { linear { out: 4 } } layer { tanh {} } layer { from: ["1", "input"] add {} })", "[4]");
  const Tensor x = counting({3, 4});
  const Tensor a = result_of(*residual, x);
  const Tensor b = result_of(*graph, x);
  EXPECT_TRUE(std::equal(a.values().begin(), a.values().end(), b.values().begin(), b.values().end()));
}

TEST(GraphOfLayers, BuildsBranchesWithTheirNames) {
  const auto model = build(R"(layer { name: "stem" linear { out: 3 } }
    layer { name: "left" from: "stem" linear { out: 2 } }
    layer { name: "right" from: "stem" frozen: true linear { out: 5 } }
    layer { name: "both" from: ["left", "right"] concat {} }
    layer { linear { out: 1 } })",
                           "[4]");
  EXPECT_EQ(names(*model),
            (std::vector<std::string>{"stem.weight", "stem.bias", "left.weight", "left.bias", "right.weight frozen",
                                      "right.bias frozen", "4.weight", "4.bias"}));
  EXPECT_EQ(model->output_shape({4}), Shape{1});
}

TEST(GraphOfLayers, ALayerStandsInSeveralPlacesWithOneWeight) {
  const auto model = build(R"(layer { name: "step" linear { out: 4 bias: false } }
    layer { again { layer: "step" } } layer { again { layer: "step" } })",
                           "[4]");
  EXPECT_EQ(names(*model), std::vector<std::string>{"step.weight"});
  const Tensor& weight = named_parameters(*model)[0].parameter->tensor();
  std::vector<double> h{1, 0, 0, 0};
  for (int use = 0; use < 3; ++use) {
    std::vector<double> next(4, 0);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) next[i] += static_cast<double>(weight.data()[i * 4 + j]) * h[j];
    }
    h = next;
  }
  const Tensor y = result_of(*model, Tensor::from({1, 4}, std::vector<float>{1, 0, 0, 0}));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(y.values()[i], h[i], 1e-6);
}

TEST(GraphOfLayers, AnEmbeddingMapsBack) {
  const auto model = build(R"(layer { name: "tokens" embedding { vocabulary: 7 features: 3 } }
    layer { linear { out: 3 } } layer { tied_linear { layer: "tokens" } })",
                           "[5]");
  EXPECT_EQ(names(*model), (std::vector<std::string>{"tokens.weight", "1.weight", "1.bias"}));
  EXPECT_EQ(model->output_shape({5}), (Shape{5, 7}));
}

TEST(GraphOfLayers, RepeatMakesLayersWithWeightsOfTheirOwn) {
  const auto model = build(R"(layer { name: "block" repeat: 3 linear { out: 4 bias: false } })", "[4]");
  EXPECT_EQ(names(*model), (std::vector<std::string>{"block.0.weight", "block.1.weight", "block.2.weight"}));
  const std::vector<NamedParameter> named = named_parameters(*model);
  EXPECT_NE(named[0].parameter->tensor().values()[0], named[1].parameter->tensor().values()[0]);
  const auto plain = build(R"(layer { name: "block" repeat: 1 linear { out: 4 bias: false } })", "[4]");
  EXPECT_EQ(names(*plain), std::vector<std::string>{"block.weight"});
  expect_problem("layer { repeat: 2 linear { out: 4 in: 3 } }", "c.txtpb:3: model.layer[0].linear.in: ");
  expect_problem("layer { repeat: 0 linear { out: 4 } }", "c.txtpb:3: model.layer[0].repeat: is 0; state ");
}

TEST(GraphOfLayers, RefusesMoreLayersThanAnybodyMeans) {
  const std::string three =
      "layer { repeat: 1000 sequential { layer { repeat: 1000 sequential { layer { repeat: 1000 tanh {} } } } } }";
  expect_problem(three, "c.txtpb:3: model.layer[0].sequential.layer[0].repeat: makes more than 100,000 layers");
  std::string many;
  for (int i = 0; i < 101; ++i) many += "layer { repeat: 1000 tanh {} }\n";
  const std::string found = problems_of(around_model(many, "[4]"));
  EXPECT_NE(found.find("layer: makes more than 100,000 layers; make the model smaller"), std::string::npos) << found;
  std::string nested = "tanh {}";
  for (int i = 0; i < 40; ++i) nested = "sequential { layer { repeat: 2 " + nested + " } }";
  EXPECT_NE(problems_of(around_model("layer { " + nested + " }", "[4]")).find("more than 100,000"), std::string::npos);
}

TEST(GraphOfLayers, SaysWhatDoesNotHangTogether) {
  expect_problem(
      R"(layer { name: "a" from: "a" tanh {} })",
      "c.txtpb:3: model.layer[0].from: layer \"a\": takes its own result; name an earlier layer, or \"input\"");
  const std::string two = R"(layer { name: "a" tanh {} } layer { name: "b" tanh {} } )";
  expect_problem(
      two + R"(layer { from: ["a", "x"] add {} })",
      "c.txtpb:3: model.layer[2].from: layer \"2\": takes \"x\", but no layer of its list is called so; before "
      "it stand input, a and b");
  expect_problem(R"(layer { name: "a" from: "b" tanh {} } layer { name: "b" from: "input" tanh {} })",
                 "c.txtpb:3: model.layer[0].from: layer \"a\": takes \"b\", which comes later; move that layer up");
  expect_problem(
      R"(layer { name: "a" tanh {} } layer { from: "input" tanh {} })",
      "c.txtpb:3: model.layer[0]: layer \"a\": no later layer takes its result; name it in a `from`, or leave "
      "the layer out");
  expect_problem(
      R"(layer { name: "input" tanh {} } layer { from: ["input", "input"] add {} })",
      "c.txtpb:3: model.layer[0].name: layer \"input\": \"input\" is what the list begins with; rename the layer");
  expect_problem("layer { add {} }", "c.txtpb:3: model.layer[0].add: takes two or more results; state `from`");
  expect_problem(
      two + R"(layer { from: ["a", "b"] tanh {} })",
      "c.txtpb:3: model.layer[2].tanh: takes one result, but `from` is stated 2 times; put an add, multiply or "
      "concat before it");
  expect_problem(R"(layer { name: "a" linear { out: 3 } } layer { from: ["a", "input"] add {} })",
                 "c.txtpb:3: model.layer[1].add: Add: [B, 6, 3] and [B, 6, 4] differ; expected values of one shape");
  expect_problem(two + R"(layer { from: ["a", "b"] concat { axis: 0 } })",
                 "c.txtpb:3: model.layer[2].concat.axis: is 0, the batch");
  expect_problem(two + R"(layer { from: ["a", "b"] repeat: 2 add {} })",
                 "c.txtpb:3: model.layer[2].repeat: is for layers with one input");
}

TEST(GraphOfLayers, SaysWhoseWeightsCannotBeShared) {
  expect_problem(
      "layer { again { layer: \"x\" } }",
      "c.txtpb:3: model.layer[0].again.layer: layer \"0\": takes \"x\", but no layer of its list is called so");
  expect_problem("layer { tanh {} } layer { again { layer: \"input\" } }",
                 "c.txtpb:3: model.layer[1].again.layer: layer \"1\": has the weights of \"input\", which is no layer");
  expect_problem(
      "layer { tanh {} } layer { name: \"b\" again { layer: \"0\" } } layer { again { layer: \"b\" } }",
      "c.txtpb:3: model.layer[2].again.layer: layer \"2\": has the weights of \"b\", which has those of \"0\"; name "
      "that layer");
  expect_problem("layer { tanh {} } layer { frozen: true again { layer: \"0\" } }",
                 "c.txtpb:3: model.layer[1].frozen: stands beside the weights of another layer; state it there");
  expect_problem("layer { tanh {} } layer { tied_linear { layer: \"0\" } }",
                 "c.txtpb:3: model.layer[1].tied_linear.layer: \"0\" is no embedding without lora; name one");
  expect_problem(
      "layer { name: \"a\" linear { out: 3 } } layer { again { layer: \"a\" } }",
      "c.txtpb:3: model.layer[1].again: has weights for 4 in of \"a\", but its input is [6, 3]; make the two inputs "
      "equal");
  expect_problem(
      "layer { name: \"e\" embedding { vocabulary: 7 features: 3 } } layer { linear { out: 2 } } "
      "layer { tied_linear { layer: \"e\" } }",
      "c.txtpb:3: model.layer[2].tied_linear.layer: has 3 features, but the input is [6, 4, 2]; make its last axis "
      "that long");
}

TEST(GraphOfLayers, IndicesComeFromTheInputAlone) {
  EXPECT_EQ(problems_of(around_model(R"(layer { name: "a" embedding { vocabulary: 3 features: 2 } }
      layer { name: "b" from: "input" embedding { vocabulary: 3 features: 2 } } layer { from: ["a", "b"] add {} })",
                                     "[4]")),
            "");
  expect_problem(
      R"(layer { tanh {} } layer { embedding { vocabulary: 3 features: 2 } } layer { from: ["1", "1"] add {} })",
      "c.txtpb:3: model.layer[1].embedding: wants whole numbers");
}

/// What the built model says of itself.
TEST(GraphOfLayers, SizesAreThoseOfTheBuiltModel) {
  const std::string models[] = {
      R"(layer { name: "a" linear { out: 4 } } layer { frozen: true from: "input" linear { out: 4 } } layer { from: ["a", "1"] add {} })",
      R"(layer { name: "a" frozen: true linear { out: 4 } } layer { again { layer: "a" } } layer { from: ["1", "a"] multiply {} })",
      R"(layer { name: "a" linear { out: 4 } } layer { from: "input" tanh {} } layer { from: ["1", "a", "1"] concat {} })",
      R"(layer { repeat: 3 linear { out: 4 } } layer { name: "b" again { layer: "0" } })",
      R"(layer { name: "e" embedding { vocabulary: 5 features: 3 } } layer { tied_linear { layer: "e" } } )",
      R"(layer { name: "e" frozen: true embedding { vocabulary: 5 features: 3 } } layer { tied_linear { layer: "e" } } )",
  };
  for (const std::string& text : models) {
    SCOPED_TRACE(text);
    const Experiment experiment = parse(around_model(text, "[6, 4]"));
    const auto model = build(text, "[6, 4]");
    const ModelSizes sizes = model_sizes(experiment.model, {6, 4});
    std::vector<std::string> counted;
    for (const WeightSize& weight : sizes.weights) counted.push_back(weight.name);
    std::vector<std::string> built;
    for (const NamedParameter& named : named_parameters(*model)) built.push_back(named.name);
    EXPECT_EQ(counted, built);
    Tape tape;
    model->forward(tape, tape.sample(Tensor::zeros({1, 6, 4})));
    EXPECT_EQ(sizes.recorded_numbers, tape.recorded_numbers() + 24);
  }
}

TEST(GraphOfLayers, IsMadeInCpp) {
  Rng init(Key::from_seed(1), Purpose::initialisation, 0, 0);
  const std::vector<LayerSpec> layers{{.name = "a", .kind = kinds::linear({.out = 3})},
                                      {.name = "b", .from = {"a"}, .shared = SharedWeights{"a"}},
                                      {.kind = kinds::add(), .from = {"a", "b"}}};
  EXPECT_EQ(build_model({layers}, {3}, init)->output_shape({3}), Shape{3});
  std::vector<LayerSpec> wrong = layers;
  wrong[2].from = {"a", "c"};
  expect_error<ConfigError>("layer \"2\": takes \"c\", but no layer of its list is called so",
                            [&] { build_model({wrong}, {3}, init); });
}

}  // namespace
}  // namespace dpml
