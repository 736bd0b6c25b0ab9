#include <limits>
#include <memory>

#include "base/expect_error.h"
#include "dpml/io/model_file.h"
#include "dpml/train/claim.h"
#include "dpml/train/run.h"
#include "dpml/train/trainer.h"
#include "io/example_files.h"
#include "train/small_training.h"

// Programs that embed dpml and write model files with a Trainer.

namespace dpml {
namespace {

class Program : public testing::Test {
 protected:
  static PrivacyOptions privacy() {
    return {.unit = "one row",
            .neighbours = Neighbours::add_or_remove_one,
            .sampler = SamplerKind::poisson,
            .sampling_rate = 0.1,
            .expected_batch_size = 20,
            .steps = 10,
            .clip_bound = 1,
            .delta = 1e-4,
            .target_epsilon = 3,
            .public_size = 200,
            .initial_weights = InitialWeights::random};
  }
  TrainingOptions options() const { return {.optimizer = {.learning_rate = 0.5}, .threads = 1}; }

  TemporaryFolder folder_;
  TensorDataset data_ = two_classes(200);
  std::unique_ptr<Sequential> model_ = small_model();
};

TEST_F(Program, WritesAModelFile) {
  Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
  while (trainer.step()) {
  }
  const std::string record = trainer.write_model(folder_ / "model.h5", {.program = "ward 1.0"});
  const ModelFile model = read_model_file(folder_ / "model.h5");
  EXPECT_EQ(digests_of(model).record, record);
  EXPECT_EQ(model.ending, Ending::finished);
  EXPECT_EQ(model.steps, 10U);
  EXPECT_EQ(model.claim.epsilon, trainer.plan().guarantee().epsilon);
  EXPECT_TRUE(same_bits(model.weights, named_weights(*model_)));
  EXPECT_NE(model.config.find("ward 1.0"), std::string::npos);
  expect_error<ConfigError>("was trained by the program \"ward 1.0\"", [&] { load_model(folder_ / "model.h5"); });
}

TEST_F(Program, StatesWhereItsWeightsBegan) {
  PrivacyOptions silent = privacy();
  silent.initial_weights.reset();
  Trainer trainer(*model_, data_, TrainingPlan(silent), options());
  expect_error<PrivacyError>("PrivacyOptions::initial_weights has to state whose data",
                             [&] { trainer.write_model(folder_ / "model.h5", {.program = "x"}); });
  EXPECT_EQ(folder_.file_count(), 0U);
}

TEST_F(Program, OffersNoModelOfDataThatTeachesNothing) {
  const auto expect_refusal = [&](const TensorDataset& data, const std::string& reason) {
    Trainer trainer(*model_, data, TrainingPlan(privacy()), options());
    while (trainer.step()) {
    }
    expect_error<DataError>(reason, [&] { trainer.write_model(folder_ / "model.h5", {.program = "x"}); });
    EXPECT_EQ(folder_.file_count(), 0U);
  };
  expect_refusal(two_classes(0), "no row is left");
  Tensor inputs(Shape{3, 4});
  for (float& number : inputs.mutable_values()) number = std::numeric_limits<float>::quiet_NaN();
  expect_refusal(TensorDataset(NumericArray(inputs), Tensor::zeros(Shape{3})), "no row is finite");
}

TEST_F(Program, SaysOnWhatItStoppedOnceItHasReadPrivateFigures) {
  Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
  trainer.step();
  trainer.write_model(folder_ / "a.h5", {.program = "x"});
  EXPECT_EQ(read_model_file(folder_ / "a.h5").ending, Ending::stopped_on_releases);
  EXPECT_EQ(read_model_file(folder_ / "a.h5").claim.epsilon, trainer.plan().guarantee().epsilon);
  EXPECT_GE(trainer.last_step().batch_size, 0);
  expect_error<PrivacyError>("the program has read last_step()",
                             [&] { trainer.write_model(folder_ / "b.h5", {.program = "x"}); });
  trainer.write_model(folder_ / "b.h5", {.program = "x", .stop_basis = StopBasis::private_figures});
  EXPECT_TRUE(std::isinf(read_model_file(folder_ / "b.h5").claim.epsilon));
  trainer.write_model(folder_ / "c.h5", {.program = "x", .stop_basis = StopBasis::nothing});
  EXPECT_LT(read_model_file(folder_ / "c.h5").claim.epsilon, 2);
  while (trainer.step()) {
  }
  trainer.write_model(folder_ / "d.h5", {.program = "x"});
  EXPECT_EQ(read_model_file(folder_ / "d.h5").ending, Ending::finished) << "nothing was decided";
}

TEST_F(Program, RemembersInItsStateThatFiguresWereRead) {
  TrainerState state;
  {
    Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
    trainer.step();
    EXPECT_FALSE(trainer.state().figures_were_read);
    trainer.last_step();
    state = trainer.state();
    EXPECT_TRUE(state.figures_were_read);
  }
  Trainer resumed(*model_, data_, TrainingPlan(privacy()), options());
  resumed.restore(state);
  expect_error<PrivacyError>("the program has read last_step()",
                             [&] { resumed.write_model(folder_ / "a.h5", {.program = "x"}); });
}

TEST_F(Program, GoesOnFromAModelOnTheSamePeople) {
  {
    Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
    while (trainer.step()) {
    }
    trainer.write_model(folder_ / "first.h5", {.program = "x"});
  }
  PrivacyOptions second = privacy();
  second.initial_weights = InitialWeights::same_people;
  second.target_epsilon = 9;
  expect_error<ConfigError>("the runs before it are not stated", [&] { const TrainingPlan plan(second); });
  second.earlier_runs = earlier_runs_of(read_model_file(folder_ / "first.h5"));
  const TrainingPlan plan(second);
  EXPECT_LE(plan.guarantee().epsilon, 9);
  Trainer trainer(*model_, data_, plan, options());
  while (trainer.step()) {
  }
  trainer.write_model(folder_ / "second.h5", {.program = "x"});
  EXPECT_EQ(read_model_file(folder_ / "second.h5").earlier_runs.size(), 1U);
}

}  // namespace
}  // namespace dpml
