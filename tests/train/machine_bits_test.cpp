#include "dpml/base/instruction_set.h"
#include "dpml/io/named_tensor.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/group_norm.h"
#include "dpml/train/weights.h"
#include "train/small_training.h"

namespace dpml {
namespace {

/// Convolution, normalisation, tanh, linear layers of one position and of several, mean squared error: nothing that
/// calls the mathematical functions of the C library, whose last bits are its own.
std::unique_ptr<Sequential> model() {
  Rng init(Key::from_seed(1), Purpose::initialisation);
  auto model = std::make_unique<Sequential>();
  model->add(std::make_unique<Conv2d>(
      Conv2d::Options{.in_channels = 2, .out_channels = 40, .kernel_height = 3, .kernel_width = 3}, init));
  model->add(std::make_unique<GroupNorm>(GroupNorm::Options{.groups = 4, .channels = 40}));
  model->add(std::make_unique<Tanh>());
  model->add(std::make_unique<Linear>(Linear::Options{.in = 40, .out = 100}, init));  // 4 positions: factors stay
  model->add(std::make_unique<Tanh>());
  model->add(std::make_unique<Flatten>());
  model->add(std::make_unique<Linear>(Linear::Options{.in = 400, .out = 3}, init));
  return model;
}

TensorDataset data() {
  Rng rng(Key::from_seed(2), Purpose::data);
  Tensor inputs(Shape{400, 4, 4, 2});
  for (float& number : inputs.mutable_values()) number = static_cast<float>(rng.uniform(-2, 2));
  Tensor targets(Shape{400, 3});
  for (float& number : targets.mutable_values()) number = static_cast<float>(rng.uniform(-1, 1));
  return TensorDataset(NumericArray(inputs), targets);
}

// Golden: made by this test, first on an AVX-512 machine, and equal on AVX2. Whoever changes the order or the rounding
// of arithmetic changes them, on purpose or not, and puts the new ones here with the reason in the commit.
TEST(Machine, TheSameSeedGivesTheSameWeightsOnAvx2AndAvx512) {
  const std::string fused = "8155d32384bd125cdc7467497574cf096416626452c0dd6334ec1a816e72a87f";
  const std::string plain = "531b0eda11cfb898c4646bd9ef59af0a52c372ba79c8cd81a447f2295e8fe80a";
  PrivacyOptions privacy = small_privacy();
  privacy.sampling_rate = 0.5;
  privacy.expected_batch_size = 200;
  privacy.steps = 4;
  TrainingOptions options = small_options();
  options.loss = Loss::mean_squared_error;
  options.averaging.decay = 0;
  options.threads = 2;
  const auto trained = model();
  train(*trained, data(), TrainingPlan(privacy), options);
  EXPECT_EQ(digest_of(named_weights(*trained)), instruction_set() == InstructionSet::plain ? plain : fused)
      << to_text(instruction_set());
}

}  // namespace
}  // namespace dpml
