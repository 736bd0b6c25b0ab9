#include "train/golden.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "dpml/autograd/ops.h"
#include "dpml/data/numeric_array.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/group_norm.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/residual.h"
#include "dpml/layers/sequential.h"
#include "dpml/train/weights.h"

namespace dpml {

namespace {

using nlohmann::json;

Tensor tensor_from(const json& source) {
  const auto axes = source.at("shape").get<std::vector<Index>>();
  return Tensor::from(Shape(axes), source.at("values").get<std::vector<float>>());
}

std::vector<GoldenTensor> golden_tensors(const json& source) {
  std::vector<GoldenTensor> tensors;
  for (const json& tensor : source) tensors.push_back({tensor.at("name"), tensor.at("values")});
  return tensors;
}

OptimizerOptions optimizer_from(const json& source) {
  const std::string kind = source.at("kind");
  OptimizerOptions options;
  options.kind = kind == "sgd" ? OptimizerKind::sgd : kind == "adam" ? OptimizerKind::adam : OptimizerKind::adamw;
  options.learning_rate = source.at("learning_rate");
  options.weight_decay = source.at("weight_decay");
  options.momentum = source.value("momentum", options.momentum);
  options.nesterov = source.value("nesterov", options.nesterov);
  options.beta1 = source.value("beta1", options.beta1);
  options.beta2 = source.value("beta2", options.beta2);
  options.epsilon = source.value("epsilon", options.epsilon);
  return options;
}

Loss loss_from(const std::string& name) {
  if (name == "cross_entropy") return Loss::cross_entropy;
  if (name == "binary_cross_entropy") return Loss::binary_cross_entropy;
  if (name == "mean_squared_error") return Loss::mean_squared_error;
  throw std::invalid_argument("unknown loss " + name);
}

/// [B, T, features] -> [B, features], composed from an operation as a user would.
class MeanOverPositions final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override { return mean(tape, x, 1); }
  Shape output_shape(const Shape& sample) const override { return sample.without_front(); }
  std::string type() const override { return "MeanOverPositions"; }
};

template <class... Layers>
std::unique_ptr<Sequential> sequence(std::unique_ptr<Layers>... layers) {
  auto model = std::make_unique<Sequential>();
  (model->add(std::move(layers)), ...);
  return model;
}

std::unique_ptr<Linear> linear(Index in, Index out, Rng& init) {
  return std::make_unique<Linear>(Linear::Options{.in = in, .out = out}, init);
}

std::unique_ptr<GroupNorm> group_norm(Index groups, Index channels) {
  return std::make_unique<GroupNorm>(GroupNorm::Options{.groups = groups, .channels = channels});
}

std::unique_ptr<Layer> mlp(Rng& init) {
  return sequence(linear(6, 9, init), std::make_unique<Tanh>(), linear(9, 7, init), std::make_unique<ReLU>(),
                  linear(7, 4, init));
}

std::unique_ptr<Layer> cnn(Rng& init) {
  Conv2d::Options first{.in_channels = 2, .out_channels = 6};
  first.kernel_height = 3;
  first.kernel_width = 2;
  first.stride_height = 2;
  first.padding_height = 1;
  first.dilation_width = 2;
  Conv2d::Options second{.in_channels = 6, .out_channels = 8};
  second.kernel_height = second.kernel_width = 3;
  second.padding_height = second.padding_width = 1;
  second.groups = 2;
  return sequence(std::make_unique<Conv2d>(first, init), group_norm(3, 6), std::make_unique<ReLU>(),
                  std::make_unique<MaxPool2d>(MaxPool2d::Options{.kernel = 3, .stride = 2, .padding = 1}),
                  std::make_unique<Conv2d>(second, init), group_norm(2, 8), std::make_unique<Tanh>(),
                  std::make_unique<AvgPool2d>(AvgPool2d::Options{.kernel = 2, .stride = 2, .padding = 1}),
                  std::make_unique<Flatten>(), linear(32, 5, init));
}

std::unique_ptr<Layer> embedding(Rng& init) {
  LayerNorm::Options norm;
  norm.normalized = Shape{5};
  return sequence(std::make_unique<Embedding>(Embedding::Options{.vocabulary = 11, .features = 5}, init),
                  std::make_unique<LayerNorm>(norm), linear(5, 8, init), std::make_unique<GELU>(),
                  std::make_unique<MeanOverPositions>(), linear(8, 3, init));
}

std::unique_ptr<Layer> regression(Rng& init) {
  auto body = sequence(linear(6, 6, init), std::make_unique<Sigmoid>());
  return sequence(linear(4, 6, init), std::make_unique<Residual>(std::move(body)), linear(6, 2, init));
}

}  // namespace

Golden read_golden(const std::string& name) {
  std::ifstream file(std::string(DPML_TEST_DATA) + "/golden/" + name + ".json");
  const json source = json::parse(file);
  Golden golden{.loss = loss_from(source.at("loss")),
                .inputs = tensor_from(source.at("inputs")),
                .labels = tensor_from(source.at("labels")),
                .initial_weights = {},
                .losses = source.at("losses"),
                .gradient_norms = source.at("gradient_norms"),
                .gradient_sum = golden_tensors(source.at("gradient_sum")),
                .clip_bound = source.at("clip_bound"),
                .clipped_sum = golden_tensors(source.at("clipped_sum")),
                .expected_batch_size = source.at("expected_batch_size"),
                .runs = {}};
  if (golden.inputs.shape().rank() == 4) golden.inputs = channels_last(golden.inputs).to_tensor();
  for (const json& weight : source.at("initial_weights")) {
    golden.initial_weights.push_back({weight.at("name"), tensor_from(weight)});
  }
  for (const json& run : source.at("runs")) {
    golden.runs.push_back({optimizer_from(run.at("optimizer")), run.at("steps"), golden_tensors(run.at("weights"))});
  }
  return golden;
}

std::unique_ptr<Layer> golden_model(const std::string& name, const Golden& golden) {
  Rng init(Key::from_seed(1), Purpose::initialisation);
  std::unique_ptr<Layer> model = name == "mlp"         ? mlp(init)
                                 : name == "cnn"       ? cnn(init)
                                 : name == "embedding" ? embedding(init)
                                                       : regression(init);
  load_weights(*model, golden.initial_weights, name + ".json");
  return model;
}

}  // namespace dpml
