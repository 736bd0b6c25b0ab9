#include "networks/golden_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "config/small_config.h"
#include "dpml/config/build_model.h"
#include "dpml/random/key.h"

namespace dpml {

namespace {

using nlohmann::json;

/// Another one to try more networks than are kept.
std::filesystem::path folder() {
  if (const char* other = std::getenv("DPML_GOLDEN_NETWORKS")) return other;
  return std::filesystem::path(DPML_TEST_DATA) / "networks" / "golden";
}

Shape shape_from(const json& axes) {
  return Shape(axes.get<std::vector<Index>>());
}

Tensor tensor_from(const json& source) {
  return Tensor::from(shape_from(source.at("shape")), source.at("values").get<std::vector<float>>());
}

LossOptions loss_from(const json& source) {
  const std::map<std::string, Loss> kinds{{"cross_entropy", Loss::cross_entropy},
                                          {"mean_squared_error", Loss::mean_squared_error},
                                          {"binary_cross_entropy", Loss::binary_cross_entropy},
                                          {"huber", Loss::huber},
                                          {"cosine", Loss::cosine}};
  LossOptions options(kinds.at(source.at("kind").get<std::string>()));
  options.label_smoothing = source.value("label_smoothing", options.label_smoothing);
  options.delta = source.value("delta", options.delta);
  return options;
}

GoldenGradients gradients_from(const json& source) {
  GoldenGradients gradients{.trainable = source.value("trainable", std::vector<std::string>{}),
                            .norms = source.at("norms"),
                            .float32_norms = source.at("float32_norms"),
                            .clip_bound = source.at("clip_bound"),
                            .float32_sum = source.at("float32_sum"),
                            .clipped_sum = {}};
  for (const json& part : source.at("clipped_sum")) {
    gradients.clipped_sum.push_back({part.at("name"), part.at("float32"), part.at("values")});
  }
  return gradients;
}

}  // namespace

std::vector<std::string> golden_network_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

GoldenNetwork read_golden_network(const std::string& name) {
  std::ifstream file(folder() / (name + ".json"));
  const json source = json::parse(file);
  const auto samples = static_cast<Index>(source.at("losses").size());
  const Shape sample_shape = shape_from(source.at("sample_shape"));
  const json& predictions = source.at("predictions");
  GoldenNetwork golden{
      .model = {},
      .sample_shape = sample_shape,
      .loss = loss_from(source.at("loss")),
      .inputs = Tensor::from(sample_shape.with_front(samples), source.at("inputs").get<std::vector<float>>()),
      .labels = tensor_from(source.at("labels")),
      .weights = {},
      .predictions = {shape_from(predictions.at("shape")), predictions.at("values")},
      .losses = source.at("losses"),
      .gradients = {gradients_from(source.at("all"))}};
  for (const json& line : source.at("model")) golden.model += line.get<std::string>() + "\n";
  for (const json& weight : source.at("weights")) golden.weights.push_back({weight.at("name"), tensor_from(weight)});
  if (source.contains("subset")) golden.gradients.push_back(gradients_from(source.at("subset")));
  return golden;
}

std::unique_ptr<Layer> build_golden(const GoldenNetwork& golden, const GoldenGradients& gradients) {
  std::string text = golden.model;
  for (const std::string& pattern : gradients.trainable) text += "trainable: \"" + pattern + "\"\n";
  const Experiment experiment = parse(around_model(text, golden.sample_shape.to_text()));
  Rng init(Key::from_seed(1), Purpose::initialisation);
  std::unique_ptr<Layer> model = build_model(experiment.model, experiment.train.sample_shape, init);
  std::map<std::string, Parameter*> parameters;
  for (const NamedParameter& named : named_parameters(*model)) parameters.emplace(named.name, named.parameter);
  EXPECT_EQ(parameters.size(), golden.weights.size());
  for (const GoldenWeight& weight : golden.weights) parameters.at(weight.name)->set_from_file_order(weight.value);
  return model;
}

}  // namespace dpml
