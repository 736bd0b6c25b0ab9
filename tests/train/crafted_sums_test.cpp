// Records made so that rounding should carry one more of them furthest, through the whole trainer: gradients here are
// the inputs or the targets themselves, and weights start at 0, so that one step without noise leaves minus their sum
// in the weights. Sums are read from float32 weights, which tells them to 2^-24 of their length;
// dpsgd/rounding_test.cpp sees the sums themselves. Before groups and the slack, these moved by 1.0002 (256 rows)
// to 1.13 clip bounds (16,384 rows), by 1.24 to 16.5, and by 1.002 to 1.118.

#include <cmath>

#include "dpml/layers/embedding.h"
#include "train/small_training.h"

namespace dpml {
namespace {

PrivacyOptions one_step(double clip_bound) {
  PrivacyOptions privacy;
  privacy.unit = "one row";
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.expected_batch_size = 64;
  privacy.clip_bound = clip_bound;
  privacy.delta = 1e-9;
  privacy.noise_multiplier = 0;
  privacy.steps = 1;
  privacy.seed = 5;
  return privacy;
}

/// The sum of clipped gradients that one step leaves in the first weight.
double sum_in_weight(Layer& model, const TensorDataset& data, double clip_bound, Index physical_batch) {
  for (const NamedParameter& named : named_parameters(model)) {
    named.parameter->set(Tensor::zeros(named.parameter->shape()));
  }
  TrainingOptions options{.loss = Loss::mean_squared_error};
  options.optimizer.learning_rate = 64;
  options.threads = 2;
  options.physical_batch = physical_batch;
  train(model, data, TrainingPlan(one_step(clip_bound)), options);
  return -static_cast<double>(named_parameters(model)[0].parameter->tensor().data()[0]);
}

/// A linear layer 1 -> 1 without a bias on T positions: with target -T/2 at each, the gradient is the sum of the
/// inputs.
double sum_of(const std::vector<std::vector<float>>& rows, double clip_bound, Index physical_batch = 64) {
  const Index count = std::ssize(rows);
  const Index positions = std::ssize(rows.front());
  Tensor inputs(Shape{count, positions, 1});
  float* to = inputs.mutable_data();
  for (const std::vector<float>& row : rows) to = std::copy(row.begin(), row.end(), to);
  const Tensor targets = Tensor::filled(inputs.shape(), -0.5F * static_cast<float>(positions));
  Rng init(Key::from_seed(1), Purpose::initialisation);
  Linear model({.in = 1, .out = 1, .bias = false}, init);
  return sum_in_weight(model, TensorDataset(NumericArray(inputs), targets), clip_bound, physical_batch);
}

void expect_moves_at_most_the_bound(std::vector<std::vector<float>> rows, const std::vector<float>& more,
                                    double clip_bound) {
  for (const Index physical_batch : {64, 128}) {
    const double without = sum_of(rows, clip_bound, physical_batch);
    std::vector<std::vector<float>> all = rows;
    all.push_back(more);
    const double with = sum_of(all, clip_bound, physical_batch);
    const double reading = 0x1p-24 * (std::abs(with) + std::abs(without));
    EXPECT_LE(std::abs(with - without), clip_bound * 1.0000001 + reading) << rows.size() << " rows";
    EXPECT_GE(std::abs(with - without), clip_bound * 0.97 - reading) << "nothing was seen";
  }
}

// After 64 numbers of about 1 the float sum lies just below 64; what follows is rounded down there, and up beyond 64,
// where one more record brings it.
TEST(CraftedSums, TheOrderOfFloatAdditionsIsPaid) {
  for (const int count : {127, 256, 4096, 16384}) {
    std::vector<std::vector<float>> rows;
    for (int i = 0; i < count; ++i) {
      const int place = i % 128;
      rows.push_back({place < 63 ? 1.0F : place == 63 ? 1 - 0x1p-8F : 1.499F * 0x1p-18F});
    }
    expect_moves_at_most_the_bound(rows, {1}, 1.001);
    expect_moves_at_most_the_bound(rows, {1e30F}, 1.001);
  }
}

// +L and -L + 1: were they added to the sum of others, they would round it to multiples of L 2^-23.
TEST(CraftedSums, PositionsThatCancelDoNotRoundOtherSamples) {
  for (const int count : {256, 1024, 4096}) {
    std::vector<std::vector<float>> rows;
    Rng rng(Key::from_seed(9), Purpose::data);
    for (int i = 0; i < count; ++i) rows.push_back({static_cast<float>(rng.uniform(-1, 1)), 0});
    for (const float large : {0x1p16F, 0x1p20F}) expect_moves_at_most_the_bound(rows, {large, 1 - large}, 1);
  }
}

// An embedding of one feature: equal tokens add their positions' gradients, here chosen by the targets so that a chain
// of float additions rounds nearly all of them up.
TEST(CraftedSums, ASamplesOwnPositionsArePaid) {
  for (const Index positions : {64, 128, 1024, 4096}) {
    const float large = 0x1p20F;
    const double unit = std::nextafter(large, 2 * large) - large;
    const double piece = unit / 2 * (1 + 0x1p-10);
    std::vector<float> gradients(static_cast<std::size_t>(positions), static_cast<float>(piece));
    gradients.front() = large;
    gradients.back() = static_cast<float>(-(large + static_cast<double>(positions - 2) * piece) + 1000);
    double truth = 0;
    Tensor targets(Shape{1, positions, 1});
    for (Index t = 0; t < positions; ++t) {
      truth += static_cast<double>(gradients[static_cast<std::size_t>(t)]);
      targets.mutable_data()[t] = -gradients[static_cast<std::size_t>(t)] * static_cast<float>(positions) / 2;
    }
    Rng init(Key::from_seed(1), Purpose::initialisation);
    Embedding model({.vocabulary = 2, .features = 1}, init);
    const TensorDataset data(NumericArray(Tensor::zeros(Shape{1, positions})), targets);
    for (const double clip_bound : {std::abs(truth), 1.03 * std::abs(truth)}) {
      EXPECT_LE(std::abs(sum_in_weight(model, data, clip_bound, 0)), clip_bound * 1.0000001) << positions;
    }
  }
}

}  // namespace
}  // namespace dpml
