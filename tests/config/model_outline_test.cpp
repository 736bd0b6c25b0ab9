#include "dpml/config/model_outline.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "config/layer_examples.h"
#include "config/small_config.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/config/model_sizes.h"
#include "layer_kinds/kinds.h"

namespace dpml {
namespace {

ModelOutline outline_of(const std::string& model, const std::string& shape) {
  const Experiment experiment = parse(around_model(model, shape));
  return model_outline(experiment.model, experiment.train.sample_shape);
}

/// A row as a line: depth, name, kind, whose results, shape, parameters, those that are trained.
std::string line_of(const OutlineRow& row) {
  std::string from;
  for (const std::string& name : row.from) from += (from.empty() ? " <- " : ", ") + name;
  return std::to_string(row.depth) + " " + row.name + ": " + kind_text(row) + from + " " + row.output.to_text() + " " +
         std::to_string(row.parameters) + " " + std::to_string(row.trained);
}

std::vector<std::string> lines_of(const ModelOutline& outline) {
  std::vector<std::string> lines;
  for (const OutlineRow& row : outline.rows) lines.push_back(line_of(row));
  return lines;
}

using Lines = std::vector<std::string>;
using Places = std::vector<std::optional<std::size_t>>;

TEST(ModelOutline, TellsAGraph) {
  const ModelOutline outline = outline_of(R"(layer { name: "stem" linear { out: 3 } }
    layer { name: "left" from: "stem" linear { out: 2 } }
    layer { name: "right" from: "stem" frozen: true linear { out: 5 } }
    layer { name: "both" from: ["left", "right", "input"] concat {} }
    layer { tanh {} })",
                                          "[4]");
  EXPECT_EQ(lines_of(outline),
            (Lines{"0 stem: linear [3] 15 15", "0 left: linear [2] 8 8", "0 right: linear, frozen <- stem [5] 20 0",
                   "0 both: concat <- left, right, input [11] 0 0", "0 4: tanh [11] 0 0"}));
  EXPECT_EQ(outline.rows[0].inputs, Places{std::nullopt});
  EXPECT_EQ(outline.rows[2].inputs, Places{0});
  EXPECT_EQ(outline.rows[3].inputs, (Places{1, 2, std::nullopt}));
  EXPECT_EQ(outline.rows[4].inputs, Places{3});
  EXPECT_EQ(outline.input, Shape{4});
  EXPECT_EQ(outline.parameters, 43);
  EXPECT_EQ(outline.trained, 23);
}

TEST(ModelOutline, TellsWhatIsInsideALayer) {
  const ModelOutline outline = outline_of(R"(
    layer { name: "block" repeat: 2 residual {
      body { layer { name: "fc" linear { out: 4 } } layer { tanh {} } }
      shortcut { layer { linear { out: 4 bias: false } } } } }
    layer { name: "skip" residual { body { layer { tanh {} } } } }
    layer { name: "head" sequential { layer { linear { out: 2 } } } })",
                                          "[4]");
  EXPECT_EQ(
      lines_of(outline),
      (Lines{"0 block: repeat [4] 72 72", "1 block.0: residual [4] 36 36", "2 block.0.body.fc: linear [4] 20 20",
             "2 block.0.body.1: tanh [4] 0 0", "2 block.0.shortcut.0: linear [4] 16 16",
             "1 block.1: residual [4] 36 36", "2 block.1.body.fc: linear [4] 20 20", "2 block.1.body.1: tanh [4] 0 0",
             "2 block.1.shortcut.0: linear [4] 16 16", "0 skip: residual [4] 0 0", "1 skip.body.0: tanh [4] 0 0",
             "0 head: sequential [2] 10 10", "1 head.0: linear [2] 10 10"}));
  EXPECT_EQ(outline.rows[0].ends, Places{5});
  EXPECT_EQ(outline.rows[1].ends, (Places{3, 4}));
  EXPECT_EQ(outline.rows[1].inputs, Places{std::nullopt});
  EXPECT_EQ(outline.rows[5].inputs, Places{1});
  EXPECT_EQ(outline.rows[8].container, 5U);
  EXPECT_EQ(outline.rows[8].inputs, Places{std::nullopt});
  EXPECT_EQ(outline.rows[9].ends, (Places{10, std::nullopt})) << "the input itself";
  EXPECT_EQ(outline.rows[12].container, 11U);
}

TEST(ModelOutline, CountsSharedWeightsWhereTheyBelong) {
  const ModelOutline outline = outline_of(R"(layer { name: "tokens" embedding { vocabulary: 7 features: 3 } }
    layer { name: "twice" sequential { layer { linear { out: 3 } } } }
    layer { name: "more" again { layer: "twice" } }
    layer { name: "out" tied_linear { layer: "tokens" } })",
                                          "[5]");
  EXPECT_EQ(lines_of(outline), (Lines{"0 tokens: embedding [5, 3] 21 21", "0 twice: sequential [5, 3] 12 12",
                                      "1 twice.0: linear [5, 3] 12 12", "0 more: again of twice [5, 3] 0 0",
                                      "0 out: tied_linear of tokens [5, 7] 0 0"}));
  EXPECT_TRUE(outline.rows[3].ends.empty());
  EXPECT_EQ(outline.rows[3].recorded_numbers, 15);
  EXPECT_EQ(outline.parameters, 33);
}

TEST(ModelOutline, TellsWhatIsTrained) {
  const std::string layers = R"(layer { name: "fc" lora { rank: 2 } linear { out: 3 } }
    layer { name: "kept" frozen: true sequential { layer { linear { out: 3 } } } }
    layer { name: "head" linear { out: 2 } } )";
  EXPECT_EQ(lines_of(outline_of(layers, "[4]")),
            (Lines{"0 fc: linear [3] 29 14", "1 fc.lora_A: lora [2] 8 8", "1 fc.lora_B: lora [3] 6 6",
                   "0 kept: sequential, frozen [3] 12 0", "1 kept.0: linear [3] 12 0", "0 head: linear [2] 8 8"}));
  const ModelOutline biases = outline_of(layers + R"(trainable: ["head.bias", "fc.bias"])", "[4]");
  EXPECT_EQ(biases.trained, 5);
  EXPECT_EQ(biases.rows[0].trained, 3);
  EXPECT_EQ(biases.rows[5].trained, 2);
}

/// The rows of a model against what model_sizes says of it as a whole.
void expect_adds_up(const ModelSpec& model, const Shape& sample) {
  const ModelOutline outline = model_outline(model, sample);
  const ModelSizes sizes = model_sizes(model, sample);
  Index trained = 0;
  for (const WeightSize& weight : sizes.weights) trained += weight.is_trained ? weight.shape.size() : 0;
  Index of_rows[3] = {0, 0, sample.size()};
  for (const OutlineRow& row : outline.rows) {
    if (row.container) continue;
    of_rows[0] += row.parameters;
    of_rows[1] += row.trained;
    of_rows[2] += row.recorded_numbers;
  }
  const Index of_model[3] = {sizes.parameters, trained, sizes.recorded_numbers};
  const Index told[3] = {outline.parameters, outline.trained, outline.recorded_numbers};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(of_rows[i], of_model[i]) << i;
    EXPECT_EQ(told[i], of_model[i]) << i;
  }
}

TEST(ModelOutline, AddsUpForEveryLayer) {
  for (const auto& row : config::kLayerWords) {
    if (row.word == "batch_norm") continue;  // refused
    const std::string word(row.word);
    SCOPED_TRACE(word);
    const Experiment experiment = parse(around_model(example_model(word, kExamples.at(word)), input_of(word)));
    expect_adds_up(experiment.model, experiment.train.sample_shape);
    const ModelOutline outline = model_outline(experiment.model, experiment.train.sample_shape);
    EXPECT_EQ(std::count_if(outline.rows.begin(), outline.rows.end(),
                            [&](const OutlineRow& layer) { return layer.kind == word; }),
              1);
  }
}

TEST(ModelOutline, NeedsNoMemory) {
  const LayerSpec wide{.name = "wide", .kind = kinds::linear({.out = 70'000})};
  const LayerSpec again{.kind = kinds::linear({.out = 70'000})};
  const ModelOutline outline = model_outline({{wide, again}}, {10});
  EXPECT_EQ(outline.rows[1].parameters, Index{70'000} * 70'001);
  EXPECT_EQ(outline.rows[0].kind, "");
  const LayerSpec huge{.kind = kinds::linear({.out = Index{1} << 31})};
  expect_error<ConfigError>("more parameters than can be counted", [&] { model_outline({{huge, huge, huge}}, {1}); });
}

}  // namespace
}  // namespace dpml
