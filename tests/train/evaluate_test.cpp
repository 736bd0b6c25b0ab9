#include "dpml/train/evaluate.h"

#include <stdexcept>

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "dpml/layers/scoring.h"
#include "train/small_training.h"

namespace dpml {
namespace {

/// The model's output for one sample alone, and its loss.
struct One {
  std::vector<float> output;
  double loss;
  Index correct;
};
One evaluate_one(const Layer& model, const Dataset& data, Index sample, Loss loss) {
  Batch batch;
  data.read(std::vector<Index>{sample}, batch);
  Tape tape({.training = false, .gradients = false, .sample_ids = batch.sample_ids, .mask_key = 0});
  const Value output = model.forward(tape, tape.sample(batch.inputs));
  const Value losses = loss_value(loss, tape, output, batch.labels);
  return {.output = {output.tensor().values().begin(), output.tensor().values().end()},
          .loss = static_cast<double>(losses.tensor().data()[0]),
          .correct = loss == Loss::mean_squared_error ? 0 : count_correct(loss, output.tensor(), batch.labels).correct};
}

TEST(Evaluate, IsTheMeanOverSamplesTakenOneByOne) {
  const auto model = small_model();
  for (const Index samples : {1, 63, 64, 65, 200}) {
    const TensorDataset data = two_classes(samples);
    double loss = 0;
    Index correct = 0;
    for (Index i = 0; i < samples; ++i) {
      const One one = evaluate_one(*model, data, i, Loss::cross_entropy);
      loss += one.loss;
      correct += one.correct;
    }
    const Evaluation evaluation = evaluate(*model, data, Loss::cross_entropy, 1);
    EXPECT_EQ(evaluation.count, samples);
    EXPECT_NEAR(evaluation.loss, loss / static_cast<double>(samples), 1e-6);
    EXPECT_EQ(evaluation.accuracy, static_cast<double>(correct) / static_cast<double>(samples));
  }
}

TEST(Evaluate, GivesTheSameBitsForAnyNumberOfThreads) {
  const auto model = small_model();
  const TensorDataset data = two_classes(500);
  const Evaluation one = evaluate(*model, data, Loss::cross_entropy, 1);
  const Tensor outputs = predict(*model, data, 1);
  for (const int threads : {2, 3, 7, 0}) {
    const Evaluation many = evaluate(*model, data, Loss::cross_entropy, threads);
    EXPECT_EQ(many.loss, one.loss);
    EXPECT_EQ(many.accuracy, one.accuracy);
    EXPECT_TRUE(std::ranges::equal(predict(*model, data, threads).values(), outputs.values()));
  }
}

TEST(Evaluate, RefusesToMeasureOnNoSamples) {
  const auto model = small_model();
  expect_error<DataError>("no row is left", [&] { evaluate(*model, two_classes(0), Loss::cross_entropy, 2); });
  EXPECT_EQ(predict(*model, two_classes(0), 2).shape(), (Shape{0, 2}));
}

TEST(Evaluate, CountsSamplesWhoseLossIsNotFinite) {
  const auto model = small_model();
  Batch batch;
  two_classes(100).read(std::vector<Index>{0, 1, 2, 3}, batch);
  const Evaluation without =
      evaluate(*model, TensorDataset(batch.inputs.rows(0, 3), batch.labels.rows(0, 3)), Loss::cross_entropy, 1);
  Tensor inputs = batch.inputs.clone();
  inputs.mutable_data()[13] = NAN;
  const TensorDataset data(inputs, batch.labels);
  const Evaluation with = evaluate(*model, data, Loss::cross_entropy, 1);
  EXPECT_EQ(with.count, 4);
  EXPECT_EQ(with.not_finite, 1);
  EXPECT_EQ(with.loss, without.loss);
  EXPECT_EQ(*with.accuracy, *without.accuracy * 3 / 4) << "a sample without a prediction counts as wrong";
  const Tensor outputs = predict(*model, data, 1);
  for (Index i = 0; i < 8; ++i) EXPECT_EQ(std::isnan(outputs.data()[i]), i >= 6);
}

TEST(Evaluate, GivesNoAccuracyForNumbers) {
  const auto model = small_model();
  const TensorDataset data(NumericArray(Tensor::zeros({70, 4})), Tensor::filled({70, 2}, 3));
  const Evaluation evaluation = evaluate(*model, data, Loss::mean_squared_error, 2);
  EXPECT_FALSE(evaluation.accuracy.has_value());
  EXPECT_NEAR(evaluation.loss, evaluate_one(*model, data, 0, Loss::mean_squared_error).loss, 1e-6);
}

TEST(Evaluate, PassesOnWhatADatasetThrows) {
  const auto model = small_model();
  const TensorDataset data(NumericArray(Tensor::zeros({200, 5})), Tensor::zeros({200}));
  EXPECT_THROW(evaluate(*model, data, Loss::cross_entropy, 3), ShapeError);
  EXPECT_THROW(predict(*model, data, 3), ShapeError);
}

TEST(Predict, GivesEachSamplesOwnOutput) {
  const auto model = small_model();
  const TensorDataset data = two_classes(130);
  const Tensor outputs = predict(*model, data, 2);
  ASSERT_EQ(outputs.shape(), (Shape{130, 2}));
  for (Index i = 0; i < 130; ++i) {
    const One one = evaluate_one(*model, data, i, Loss::cross_entropy);
    for (Index k = 0; k < 2; ++k) EXPECT_NEAR(outputs.data()[2 * i + k], one.output[static_cast<std::size_t>(k)], 1e-6);
  }
}

}  // namespace
}  // namespace dpml
