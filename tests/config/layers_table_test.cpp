#include <gtest/gtest.h>

#include <filesystem>

#include "config/layer_examples.h"
#include "config/small_config.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/config/build_model.h"
#include "dpml/config/model_sizes.h"
#include "dpml/config/onnx_model.h"
#include "layer_kinds/kinds.h"

// docs/layers.md has a row for each word of the schema, and this is what makes them.

namespace dpml {
namespace {

bool has_onnx(const Experiment& experiment, const ModelSizes& sizes) {
  std::map<std::string, Tensor> weights;
  for (const WeightSize& weight : sizes.weights) weights.emplace(weight.name, Tensor::zeros(weight.shape));
  try {
    onnx_model(experiment.model, experiment.train.sample_shape, {}, weights, {});
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

std::string row_of(const std::string& word) {
  const std::string& options = kExamples.at(word);
  const std::string block = word + " {" + (options.empty() ? "" : " " + options + " ") + "}";
  Experiment experiment = parse(around_model(example_model(word, options), input_of(word)));
  const Shape output = infer_sizes(experiment.model, experiment.train.sample_shape);
  const ModelSizes sizes = model_sizes(experiment.model, experiment.train.sample_shape);
  std::string weights;
  for (const WeightSize& weight : sizes.weights) {
    if (experiment.model.layers.size() > 1) break;  // those of the layers beside it
    weights += (weights.empty() ? "`" : ", `") + weight.name.substr(2) + "` " + weight.shape.to_text();
  }
  return "| `" + block + "` | " + experiment.train.sample_shape.to_text() + " | " + output.to_text() + " | " + weights +
         " | " + (has_onnx(experiment, sizes) ? "yes" : "no") + " |";
}

TEST(LayersTable, IsThatOfTheDocs) {
  std::string table = "| layer | input | output | weights | ONNX |\n|---|---|---|---|---|\n";
  for (const auto& row : config::kLayerWords) {
    if (row.word != "batch_norm") table += row_of(std::string(row.word)) + "\n";  // which is refused
  }
  const std::filesystem::path page = std::filesystem::path(DPML_TEST_DATA).parent_path() / "docs" / "layers.md";
  EXPECT_NE(read_file(page).find("\n" + table), std::string::npos) << "docs/layers.md should hold this table:\n"
                                                                   << table;
}

}  // namespace
}  // namespace dpml
