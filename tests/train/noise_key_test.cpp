#include <gtest/gtest.h>

#include <optional>

#include "dpml/data/tensor_dataset.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"
#include "train/golden.h"

namespace dpml {
namespace {

/// Weights after one step on all samples: the same model and data every time, so only the noise can differ.
std::string weights_after_a_step(std::optional<std::uint64_t> seed) {
  const Golden golden = read_golden("mlp");
  const TensorDataset data(golden.inputs, golden.labels);
  const std::unique_ptr<Layer> model = golden_model("mlp", golden);
  PrivacyOptions privacy;
  privacy.unit = "one row";
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.expected_batch_size = golden.expected_batch_size;
  privacy.clip_bound = 1;
  privacy.delta = 1e-5;
  privacy.noise_multiplier = 1;
  privacy.steps = 1;
  privacy.seed = seed;
  train(*model, data, TrainingPlan(privacy),
        {.loss = golden.loss, .optimizer = golden.runs[0].optimizer, .schedule = {}, .averaging = {}});
  return digest_of(named_weights(*model));
}

TEST(NoiseKey, IsAnotherOneInEveryTrainingWithoutASeed) {
  EXPECT_NE(weights_after_a_step(std::nullopt), weights_after_a_step(std::nullopt));
}

TEST(NoiseKey, FollowsFromTheSeedWhereOneIsStated) {
  EXPECT_EQ(weights_after_a_step(7), weights_after_a_step(7));
  EXPECT_NE(weights_after_a_step(7), weights_after_a_step(8));
}

}  // namespace
}  // namespace dpml
