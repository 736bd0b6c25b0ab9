// Times one training step of the shipped MLP and CNN, private and not, at the same logical batch.
// One run times both, in turns, so that their ratio means something on a noisy machine:
//   step_bench --benchmark_enable_random_interleaving --benchmark_repetitions=9 --benchmark_report_aggregates_only

#include <benchmark/benchmark.h>

#include <limits>
#include <memory>

#include "dpml/data/tensor_dataset.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/sequential.h"
#include "dpml/random/rng.h"
#include "dpml/train/trainer.h"

namespace {

using namespace dpml;

enum class Model { mlp, cnn };

std::unique_ptr<Sequential> make_model(Model kind) {
  Rng rng(Key::from_seed(1), Purpose::initialisation);
  auto model = std::make_unique<Sequential>();
  if (kind == Model::mlp) {
    model->add(std::make_unique<Flatten>());
    model->add(std::make_unique<Linear>(Linear::Options{.in = 784, .out = 256}, rng));
    model->add(std::make_unique<Tanh>());
    model->add(std::make_unique<Linear>(Linear::Options{.in = 256, .out = 256}, rng));
    model->add(std::make_unique<Tanh>());
    model->add(std::make_unique<Linear>(Linear::Options{.in = 256, .out = 10}, rng));
    return model;
  }
  model->add(std::make_unique<Conv2d>(Conv2d::Options{.in_channels = 1, .out_channels = 16, .kernel_height = 8,
                                                      .kernel_width = 8, .stride_height = 2, .stride_width = 2,
                                                      .padding_height = 3, .padding_width = 3},
                                      rng));
  model->add(std::make_unique<Tanh>());
  model->add(std::make_unique<MaxPool2d>(MaxPool2d::Options{.kernel = 2, .stride = 1}));
  model->add(std::make_unique<Conv2d>(Conv2d::Options{.in_channels = 16, .out_channels = 32, .kernel_height = 4,
                                                      .kernel_width = 4, .stride_height = 2, .stride_width = 2},
                                      rng));
  model->add(std::make_unique<Tanh>());
  model->add(std::make_unique<MaxPool2d>(MaxPool2d::Options{.kernel = 2, .stride = 1}));
  model->add(std::make_unique<Flatten>());
  model->add(std::make_unique<Linear>(Linear::Options{.in = 512, .out = 32}, rng));
  model->add(std::make_unique<Tanh>());
  model->add(std::make_unique<Linear>(Linear::Options{.in = 32, .out = 10}, rng));
  return model;
}

TensorDataset random_images(Index count) {
  Rng rng(Key::from_seed(2), Purpose::data);
  Tensor inputs(Shape{count, 28, 28, 1});
  for (float& number : inputs.mutable_values()) number = static_cast<float>(rng.uniform());
  Tensor labels(Shape{count});
  for (float& label : labels.mutable_values()) label = static_cast<float>(rng.below(10));
  return TensorDataset(inputs, labels);
}

void train_step(benchmark::State& state, Model kind, bool is_private) {
  const Index batch = state.range(0);
  const TensorDataset data = random_images(batch);
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

BENCHMARK_CAPTURE(train_step, mlp_private, Model::mlp, true)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(train_step, mlp_plain, Model::mlp, false)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(train_step, cnn_private, Model::cnn, true)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(train_step, cnn_plain, Model::cnn, false)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
