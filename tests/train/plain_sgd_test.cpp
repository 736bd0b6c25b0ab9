// The trainer without noise beside a loop over samples in double.

#include <algorithm>
#include <array>

#include "train/small_training.h"

namespace dpml {
namespace {

constexpr Index kSamples = 23;
constexpr Index kFeatures = 3;
constexpr double kExpectedBatchSize = 20;  // not the number of samples: the divisor is the public one
constexpr double kLearningRate = 0.3;
constexpr int kSteps = 15;

/// Targets that a line explains but for some noise.
TensorDataset line_data() {
  Rng rng(Key::from_seed(21), Purpose::data);
  Tensor inputs(Shape{kSamples, kFeatures});
  Tensor targets(Shape{kSamples, 1});
  for (Index i = 0; i < kSamples; ++i) {
    double target = 0.5;
    for (Index k = 0; k < kFeatures; ++k) {
      const double x = rng.gaussian();
      inputs.mutable_data()[i * kFeatures + k] = static_cast<float>(x);
      target += x * static_cast<double>(k + 1);
    }
    targets.mutable_data()[i] = static_cast<float>(target + 0.1 * rng.gaussian());
  }
  return TensorDataset(NumericArray(inputs), targets);
}

using Weights = std::array<double, kFeatures + 1>;  // the bias is last

Weights weights_of(Layer& model) {
  const std::vector<NamedTensor> named = named_weights(model);
  Weights weights{};
  std::copy_n(named[0].value.data(), kFeatures, weights.begin());
  weights.back() = static_cast<double>(named[1].value.data()[0]);
  return weights;
}

/// Loss (w x + b - y)^2, gradient clipped to `clip_bound`, sum divided by the expected batch size.
Weights trained_by_hand(Weights weights, const Dataset& data, double clip_bound) {
  std::vector<Index> all(kSamples);
  for (Index i = 0; i < kSamples; ++i) all[static_cast<std::size_t>(i)] = i;
  Batch batch;
  data.read(all, batch);
  for (int step = 0; step < kSteps; ++step) {
    Weights sum{};
    for (Index i = 0; i < kSamples; ++i) {
      std::array<double, kFeatures + 1> x{};
      std::copy_n(batch.inputs.data() + i * kFeatures, kFeatures, x.begin());
      x.back() = 1;
      double prediction = 0;
      for (std::size_t k = 0; k < x.size(); ++k) prediction += weights[k] * x[k];
      const double slope = 2 * (prediction - static_cast<double>(batch.labels.data()[i]));
      double squared_norm = 0;
      for (const double value : x) squared_norm += slope * slope * value * value;
      const double weight = std::min(1.0, clip_bound / std::sqrt(squared_norm));
      for (std::size_t k = 0; k < x.size(); ++k) sum[k] += weight * slope * x[k];
    }
    for (std::size_t k = 0; k < sum.size(); ++k) weights[k] -= kLearningRate * sum[k] / kExpectedBatchSize;
  }
  return weights;
}

void expect_as_by_hand(double clip_bound) {
  PrivacyOptions privacy;
  privacy.unit = "one row";
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.expected_batch_size = kExpectedBatchSize;
  privacy.clip_bound = clip_bound * (1 + ClipRule::kRoundingSlack);
  privacy.delta = 1e-5;
  privacy.noise_multiplier = 0;
  privacy.steps = kSteps;
  const TrainingPlan plan(privacy);
  EXPECT_TRUE(std::isinf(plan.guarantee().epsilon));

  Rng init(Key::from_seed(2), Purpose::initialisation);
  Linear model({.in = kFeatures, .out = 1}, init);
  const TensorDataset data = line_data();
  const Weights expected = trained_by_hand(weights_of(model), data, clip_bound);
  TrainingOptions options{.loss = Loss::mean_squared_error, .optimizer = {}, .schedule = {}, .averaging = {}};
  options.optimizer.learning_rate = kLearningRate;
  options.threads = 2;
  options.physical_batch = 4;
  const Ledger ledger = train(model, data, plan, options);
  const Weights got = weights_of(model);
  for (std::size_t k = 0; k < got.size(); ++k) EXPECT_NEAR(got[k], expected[k], 1e-5 * std::abs(expected[k]) + 1e-6);

  const Guarantee guarantee = plan.guarantee(ledger);
  EXPECT_EQ(guarantee.epsilon, std::numeric_limits<double>::infinity());
  EXPECT_EQ(ledger.entries().at(0).event, Event(NonPrivate{}));
}

TEST(TrainerWithoutNoise, WithoutClippingIsPlainSgdAndReadsInfinity) {
  expect_as_by_hand(std::numeric_limits<double>::infinity());
}

TEST(TrainerWithoutNoise, ClipsEachSampleAndReadsInfinity) {
  expect_as_by_hand(0.7);
}

}  // namespace
}  // namespace dpml
