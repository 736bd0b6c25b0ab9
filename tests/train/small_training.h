#pragma once

#include <memory>
#include <string>

#include "dpml/data/tensor_dataset.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/dropout.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/sequential.h"
#include "dpml/random/rng.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"

// A training that takes milliseconds: four numbers in, two classes out.

namespace dpml {

/// Samples of two classes around opposite corners; the first ones do not depend on how many there are.
inline TensorDataset two_classes(Index samples) {
  Rng rng(Key::from_seed(11), Purpose::data);
  Tensor inputs(Shape{samples, 4});
  Tensor labels(Shape{samples});
  for (Index i = 0; i < samples; ++i) {
    const auto label = static_cast<float>(i % 2);
    labels.mutable_data()[i] = label;
    for (Index k = 0; k < 4; ++k) {
      inputs.mutable_data()[4 * i + k] = 2 * label - 1 + static_cast<float>(rng.gaussian());
    }
  }
  return TensorDataset(NumericArray(inputs), labels);
}

/// Linear 4 -> 8, tanh, dropout, Linear 8 -> 2, always with the same weights.
inline std::unique_ptr<Sequential> small_model() {
  Rng init(Key::from_seed(5), Purpose::initialisation);
  auto model = std::make_unique<Sequential>();
  model->add(std::make_unique<Linear>(Linear::Options{.in = 4, .out = 8}, init));
  model->add(std::make_unique<Tanh>());
  model->add(std::make_unique<Dropout>(Dropout::Options{.probability = 0.25}));
  model->add(std::make_unique<Linear>(Linear::Options{.in = 8, .out = 2}, init));
  return model;
}

/// Poisson sampling, clipping, noise and a seed.
inline PrivacyOptions small_privacy() {
  PrivacyOptions privacy;
  privacy.unit = "one row";
  privacy.sampling_rate = 0.25;
  privacy.expected_batch_size = 25;
  privacy.steps = 12;
  privacy.clip_bound = 1;
  privacy.delta = 1e-5;
  privacy.noise_multiplier = 0.8;
  privacy.seed = 3;
  return privacy;
}

inline TrainingOptions small_options() {
  TrainingOptions options{.loss = Loss::cross_entropy, .optimizer = {}, .schedule = {}, .averaging = {.decay = 0.9}};
  options.optimizer.learning_rate = 0.5;
  options.optimizer.momentum = 0.9;
  options.threads = 1;
  return options;
}

/// How many releases a training on the data pays for before it ends, or ends with an error.
inline std::uint64_t releases_before_the_end(Layer& model, const Dataset& data, const TrainingOptions& options,
                                             const PrivacyOptions& privacy = small_privacy()) {
  struct Counting final : LedgerJournal {
    void record(const Event&, std::uint64_t count) override { releases += count; }
    std::uint64_t releases = 0;
  } journal;
  try {
    Trainer trainer(model, data, TrainingPlan(privacy), options);
    trainer.set_journal(&journal);
    while (trainer.step()) {
    }
  } catch (const Error&) {
  }
  return journal.releases;
}

/// Everything that a trainer leaves behind, as one digest.
inline std::string digest_of(const TrainerState& state) {
  std::vector<NamedTensor> all;
  const auto add = [&all](const std::string& group, const Tensor& tensor) {
    all.push_back({group + std::to_string(all.size()), tensor});
  };
  for (const Tensor& tensor : state.weights) add("weight", tensor);
  for (const OptimizerState& tensor : state.optimizer) add(tensor.name, tensor.value);
  for (const Tensor& tensor : state.averages) add("average", tensor);
  return std::to_string(state.step) + " " + digest_of(all);
}

inline double largest_difference(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (Index j = 0; j < a[i].value.size(); ++j) {
      const double difference = std::abs(static_cast<double>(a[i].value.data()[j] - b[i].value.data()[j]));
      largest = difference >= 0 ? std::max(largest, difference) : std::numeric_limits<double>::infinity();
    }
  }
  return largest;
}

inline std::vector<NamedTensor> copies_of(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> copies;
  for (const NamedTensor& tensor : tensors) copies.push_back({tensor.name, tensor.value.clone()});
  return copies;
}

}  // namespace dpml
