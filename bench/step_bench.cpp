// Times one training step, private and not, of the shipped MLP and CNN, of logistic regression and of a wide residual
// network. One run times all, in turns, so that their ratios mean something on a noisy machine:
//   step_bench --benchmark_enable_random_interleaving --benchmark_repetitions=9 --benchmark_report_aggregates_only
// scripts/compare_commits.sh builds this file in two commits: it uses what both have.

#include <benchmark/benchmark.h>

#include <limits>
#include <memory>
#include <string>

#include "dpml/data/tensor_dataset.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/group_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/residual.h"
#include "dpml/layers/sequential.h"
#include "dpml/random/rng.h"
#include "dpml/train/trainer.h"

namespace {

using namespace dpml;

enum class Model { logistic_regression, mlp, cnn, wrn_16_4 };

std::unique_ptr<Layer> linear(Index in, Index out, Rng& rng) {
  return std::make_unique<Linear>(Linear::Options{.in = in, .out = out}, rng);
}

std::unique_ptr<Layer> conv(Index in, Index out, Index kernel, Index stride, Index padding, bool bias, Rng& rng) {
  return std::make_unique<Conv2d>(Conv2d::Options{.in_channels = in,
                                                  .out_channels = out,
                                                  .kernel_height = kernel,
                                                  .kernel_width = kernel,
                                                  .stride_height = stride,
                                                  .stride_width = stride,
                                                  .padding_height = padding,
                                                  .padding_width = padding,
                                                  .bias = bias},
                                  rng);
}

void add_norm_and_relu(Sequential& model, Index channels) {
  model.add(std::make_unique<GroupNorm>(GroupNorm::Options{.groups = 16, .channels = channels}));
  model.add(std::make_unique<ReLU>());
}

/// De et al. 2022 (arXiv 2204.13650), section 4: WRN-16-4 with group normalisation.
void add_wide_residual_layers(Sequential& model, Rng& rng) {
  model.add(conv(3, 16, 3, 1, 1, false, rng));
  Index in = 16;
  for (const Index out : {64, 128, 256}) {
    for (int block = 0; block < 2; ++block) {
      const Index stride = out > 64 && block == 0 ? 2 : 1;
      auto body = std::make_unique<Sequential>();
      add_norm_and_relu(*body, in);
      body->add(conv(in, out, 3, stride, 1, false, rng));
      add_norm_and_relu(*body, out);
      body->add(conv(out, out, 3, 1, 1, false, rng));
      std::unique_ptr<Layer> shortcut;
      if (in != out) shortcut = conv(in, out, 1, stride, 0, false, rng);
      model.add(std::make_unique<Residual>(std::move(body), std::move(shortcut)));
      in = out;
    }
  }
  add_norm_and_relu(model, in);
  model.add(std::make_unique<AvgPool2d>(AvgPool2d::Options{.kernel = 8}));
  model.add(std::make_unique<Flatten>());
  model.add(linear(in, 10, rng));
}

std::unique_ptr<Sequential> make_model(Model kind) {
  Rng rng(Key::from_seed(1), Purpose::initialisation);
  auto model = std::make_unique<Sequential>();
  switch (kind) {
    case Model::logistic_regression:
      model->add(std::make_unique<Flatten>());
      model->add(linear(784, 10, rng));
      break;
    case Model::mlp:
      model->add(std::make_unique<Flatten>());
      model->add(linear(784, 256, rng));
      model->add(std::make_unique<Tanh>());
      model->add(linear(256, 256, rng));
      model->add(std::make_unique<Tanh>());
      model->add(linear(256, 10, rng));
      break;
    case Model::cnn:
      model->add(conv(1, 16, 8, 2, 3, true, rng));
      model->add(std::make_unique<Tanh>());
      model->add(std::make_unique<MaxPool2d>(MaxPool2d::Options{.kernel = 2, .stride = 1}));
      model->add(conv(16, 32, 4, 2, 0, true, rng));
      model->add(std::make_unique<Tanh>());
      model->add(std::make_unique<MaxPool2d>(MaxPool2d::Options{.kernel = 2, .stride = 1}));
      model->add(std::make_unique<Flatten>());
      model->add(linear(512, 32, rng));
      model->add(std::make_unique<Tanh>());
      model->add(linear(32, 10, rng));
      break;
    case Model::wrn_16_4:
      add_wide_residual_layers(*model, rng);
      break;
  }
  return model;
}

TensorDataset random_images(Index count, const Shape& shape) {
  Rng rng(Key::from_seed(2), Purpose::data);
  Tensor inputs(shape.with_front(count));
  for (float& number : inputs.mutable_values()) number = static_cast<float>(rng.uniform());
  Tensor labels(Shape{count});
  for (float& label : labels.mutable_values()) label = static_cast<float>(rng.below(10));
  return TensorDataset(inputs, labels);
}

void train_step(benchmark::State& state, Model kind, bool is_private) {
  const Index batch = state.range(0);
  const TensorDataset data = random_images(batch, kind == Model::wrn_16_4 ? Shape{32, 32, 3} : Shape{28, 28, 1});
  const std::unique_ptr<Sequential> model = make_model(kind);
  // Full batches, so that every step of both has the same number of samples.
  const TrainingPlan plan(PrivacyOptions{
      .unit = "one image",
      .neighbours = Neighbours::add_or_remove_one,
      .sampler = SamplerKind::full_batch,
      .sampling_rate = 1,
      .expected_batch_size = static_cast<double>(batch),
      .steps = std::numeric_limits<std::uint32_t>::max(),
      .clip_bound = is_private ? 1.0 : std::numeric_limits<double>::infinity(),
      .delta = 1e-5,
      .target_epsilon = std::nullopt,
      .noise_multiplier = is_private ? 1.0 : 0.0,
      .accountant = "rdp",
      .seed = std::nullopt,
  });
  Trainer trainer(*model, data, plan, {.loss = Loss::cross_entropy, .optimizer = {.learning_rate = 1e-3}});
  trainer.step();  // the first step fills the store of tensors
  for (auto _ : state) trainer.step();
  state.SetItemsProcessed(state.iterations() * batch);
}

void add_both(const char* name, Model kind, std::initializer_list<Index> batches) {
  for (const bool is_private : {true, false}) {
    const std::string full = std::string(name) + (is_private ? "_private" : "_plain");
    auto* bench = benchmark::RegisterBenchmark(full.c_str(),
                                               [=](benchmark::State& state) { train_step(state, kind, is_private); });
    bench->UseRealTime()->Unit(benchmark::kMillisecond);
    for (const Index batch : batches) bench->Arg(batch);
  }
}

}  // namespace

int main(int argc, char** argv) {
  add_both("logistic_regression", Model::logistic_regression, {256});
  add_both("mlp", Model::mlp, {256, 1024});
  add_both("cnn", Model::cnn, {256, 1024});
  add_both("wrn_16_4", Model::wrn_16_4, {64});
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
