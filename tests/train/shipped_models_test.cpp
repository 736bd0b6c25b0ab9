#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "dpml/base/file.h"
#include "dpml/config/build_model.h"
#include "dpml/config/parse_config.h"
#include "dpml/data/tensor_dataset.h"
#include "dpml/layers/row_schema.h"
#include "train/small_training.h"

// Every model in models/ takes steps on made-up rows.

namespace dpml {
namespace {

Tensor made_up(const Shape& sample, const NumberRule& rule, Index rows, Purpose purpose) {
  Rng rng(Key::from_seed(4), purpose);
  Tensor x(sample.with_front(rows));
  const auto* whole = std::get_if<WholeNumber>(&rule);
  for (float& number : x.mutable_values()) {
    number =
        static_cast<float>(whole == nullptr ? rng.uniform(-1, 1)
                                            : static_cast<double>(rng.below(static_cast<std::uint64_t>(whole->below))));
  }
  return x;
}

void train_two_steps(const std::filesystem::path& file) {
  const Experiment experiment = parse_config(read_file(file), file.string());
  Rng init(Key::from_seed(1), Purpose::initialisation);
  const Shape& sample = experiment.train.sample_shape;
  const auto model = build_model(experiment.model, sample, init);
  RowSchema schema = row_schema(*model, sample, experiment.loss);
  // Where the loss takes classes, a label for each place of the prediction but the last axis.
  if (takes_class_indices(experiment.loss.kind)) schema.label = schema.prediction.without_back();
  constexpr Index kRows = 8;
  const TensorDataset data(NumericArray(made_up(schema.input, schema.input_numbers, kRows, Purpose::data)),
                           made_up(schema.label, schema.label_numbers, kRows, Purpose::dropout));
  PrivacyOptions privacy = small_privacy();
  privacy.steps = 2;
  privacy.sampling_rate = 0.5;
  privacy.expected_batch_size = 4;
  privacy.clip_bound = experiment.privacy.clip_bound;
  Trainer trainer(*model, data, TrainingPlan(privacy),
                  {.loss = experiment.loss, .optimizer = experiment.optimizer, .averaging = experiment.averaging});
  EXPECT_TRUE(trainer.step());
  EXPECT_TRUE(trainer.step());
  for (const NamedParameter& named : named_parameters(*model)) {
    EXPECT_TRUE(all_finite(named.parameter->tensor().values())) << named.name;
  }
}

TEST(ShippedModels, Train) {
  if (std::getenv("DPML_INSTRUCTIONS") != nullptr) GTEST_SKIP() << "once is enough; layers are tried with each set";
  const std::filesystem::path models = std::filesystem::path(DPML_TEST_DATA).parent_path() / "models";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(models)) {
    if (entry.path().extension() != ".txtpb") continue;
    SCOPED_TRACE(entry.path());
    train_two_steps(entry.path());
    ++count;
  }
  EXPECT_GE(count, 10);
}

}  // namespace
}  // namespace dpml
