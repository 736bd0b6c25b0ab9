#include "dpml/train/check_rows.h"

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "train/small_training.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr Index kRows = 3000;
constexpr Index kBadRow = 77;

std::unique_ptr<Sequential> linear_model(Index in, Index out) {
  Rng init(Key::from_seed(5), Purpose::initialisation);
  auto model = std::make_unique<Sequential>();
  model->add(std::make_unique<Linear>(Linear::Options{.in = in, .out = out}, init));
  return model;
}

/// A word at each of four positions, 50 words.
std::unique_ptr<Sequential> word_model() {
  Rng init(Key::from_seed(5), Purpose::initialisation);
  auto model = std::make_unique<Sequential>();
  model->add(std::make_unique<Embedding>(Embedding::Options{.vocabulary = 50, .features = 2}, init));
  model->add(std::make_unique<Flatten>());
  model->add(std::make_unique<Linear>(Linear::Options{.in = 8, .out = 2}, init));
  return model;
}

/// Good rows but one label, `bad`.
TensorDataset with_bad_label(float bad, const Shape& label = {}, Index rows = kRows) {
  Tensor labels = Tensor::zeros(label.with_front(rows));
  labels.mutable_data()[kBadRow * label.size() + label.size() - 1] = bad;
  return {Tensor::filled({rows, 4}, 0.5F), labels};
}

TensorDataset with_bad_word(float bad) {
  Tensor words = Tensor::filled({kRows, 4}, 49);
  words.mutable_data()[4 * kBadRow + 2] = bad;
  return {words, Tensor::zeros({kRows})};
}

RowCounts check(const Layer& model, const Dataset& data, Loss loss, int threads = 2) {
  return check_rows(data, row_schema(model, data.input_shape(), loss), threads);
}

/// A dataset of a program's own, which says nothing about files.
class OwnDataset final : public Dataset {
 public:
  explicit OwnDataset(TensorDataset data) : data_(std::move(data)) {}
  Index size() const override { return data_.size(); }
  Shape input_shape() const override { return data_.input_shape(); }
  Shape label_shape() const override { return data_.label_shape(); }
  void read(std::span<const Index> indices, Batch& into) const override { data_.read(indices, into); }

 private:
  TensorDataset data_;
};

TEST(CheckRows, EndsATrainingBeforeItsFirstRelease) {
  PrivacyOptions privacy = small_privacy();
  privacy.sampling_rate = 0.001;  // 12 batches of 3 rows of 3,000: the bad one is most likely never drawn
  const auto releases = [&](Layer& model, const Dataset& data, const LossOptions& loss) {
    TrainingOptions options = small_options();
    options.loss = loss;
    return releases_before_the_end(model, data, options, privacy);
  };
  const auto classes = linear_model(4, 2);
  const auto one = linear_model(4, 1);
  const auto words = word_model();
  EXPECT_EQ(releases(*classes, with_bad_label(1), Loss::cross_entropy), 12U) << "nothing is bad";
  EXPECT_EQ(releases(*classes, with_bad_label(2), Loss::cross_entropy), 0U);
  LossOptions ignoring(Loss::cross_entropy);
  ignoring.ignore_index = -100;
  EXPECT_EQ(releases(*classes, with_bad_label(-100), ignoring), 12U) << "nothing is bad";
  EXPECT_EQ(releases(*classes, with_bad_label(-100), Loss::cross_entropy), 0U);
  EXPECT_EQ(releases(*classes, with_bad_label(2), ignoring), 0U);
  EXPECT_EQ(releases(*one, with_bad_label(2), Loss::binary_cross_entropy), 0U);
  EXPECT_EQ(releases(*one, with_bad_label(kNaN), Loss::mean_squared_error), 0U);
  EXPECT_EQ(releases(*words, with_bad_word(49), Loss::cross_entropy), 12U) << "nothing is bad";
  EXPECT_EQ(releases(*words, with_bad_word(50), Loss::cross_entropy), 0U);
  EXPECT_EQ(releases(*classes, with_bad_label(0, {1}), Loss::cross_entropy), 0U);
  EXPECT_EQ(releases(*classes, OwnDataset(with_bad_label(2)), Loss::cross_entropy), 0U);
}

TEST(CheckRows, NamesThePlaceOfALabelAndNotTheLabel) {
  const auto classes = linear_model(4, 2);
  const auto one = linear_model(4, 1);
  for (const float bad : {2.0F, -1.0F, 0.5F, kNaN, kInfinity}) {
    const TensorDataset data = with_bad_label(bad);
    expect_error<DataError>(
        "the labels: row 77 (counted from 0): the label must be 0 or 1, a class of the model's last layer",
        [&] { check(*classes, data, Loss::cross_entropy); });
    expect_error<DataError>(
        "the labels: row 77 (counted from 0): the label must be 0 or 1, as binary_cross_entropy needs",
        [&] { check(*one, data, Loss::binary_cross_entropy); });
  }
  for (const float bad : {kNaN, kInfinity, -kInfinity}) {
    expect_error<DataError>("must be a finite number (float32, up to 3.4e38), as mean_squared_error needs",
                            [&] { check(*one, with_bad_label(bad), Loss::mean_squared_error); });
    expect_error<DataError>("the labels: row 77, column 2 (counted from 0): ",
                            [&] { check(*linear_model(4, 3), with_bad_label(bad, {3}), Loss::mean_squared_error); });
  }
  EXPECT_EQ(check(*one, with_bad_label(-1e30F), Loss::mean_squared_error).rows, kRows);
  expect_error<DataError>("the labels: row 77 (counted from 0): the label",
                          [&] { check(*classes, OwnDataset(with_bad_label(7)), Loss::cross_entropy); });
}

TEST(CheckRows, NamesThePlaceOfAnIndex) {
  const auto words = word_model();
  for (const float bad : {50.0F, -1.0F, 0.5F, kNaN}) {
    expect_error<DataError>(
        "the inputs: row 77, column 2 (counted from 0): the input must be a whole number from 0 to 49, as the model's "
        "first layer needs",
        [&] { check(*words, with_bad_word(bad), Loss::cross_entropy); });
  }
}

TEST(CheckRows, TellsTheFirstBadRowForAnyNumberOfThreads) {
  Tensor labels = Tensor::zeros({200000});
  for (const Index row : {199999, 150000, 70001, 70000}) labels.mutable_data()[row] = 9;
  const TensorDataset data(Tensor::zeros({200000, 4}), labels);
  for (const int threads : {1, 2, 5}) {
    expect_error<DataError>("row 70000 ", [&] { check(*linear_model(4, 2), data, Loss::cross_entropy, threads); });
  }
}

TEST(CheckRows, NamesTheLabelsOfAnotherShape) {
  const auto classes = linear_model(4, 2);
  expect_error<DataError>("the labels: labels are [N, 1], expected class indices [N]; take the last axis away",
                          [&] { check(*classes, with_bad_label(0, {1}), Loss::cross_entropy); });
  expect_error<DataError>("as in one-hot labels",
                          [&] { check(*classes, with_bad_label(0, {2}), Loss::cross_entropy); });
  expect_error<DataError>("are [N, 3], but mean_squared_error on a model that ends in [N, 1]",
                          [&] { check(*linear_model(4, 1), with_bad_label(0, {3}), Loss::mean_squared_error); });
  expect_error<DataError>("labels are [N, 0]", [&] {
    check(*classes, TensorDataset(Tensor::zeros({3, 4}), Tensor::zeros({3, 0})), Loss::cross_entropy);
  });
}

TEST(CheckRows, CountsRowsWithInputsThatAreNotFinite) {
  Tensor inputs = Tensor::zeros({kRows, 4});
  for (const Index place : {0, 1, 4 * 77 + 3, 4 * 2999})
    inputs.mutable_data()[place] = place % 2 == 0 ? kNaN : -kInfinity;
  const TensorDataset data(inputs, Tensor::zeros({kRows}));
  const RowCounts counts = check(*linear_model(4, 2), data, Loss::cross_entropy);
  EXPECT_EQ(counts.rows, kRows);
  EXPECT_EQ(counts.not_finite, 3);
  EXPECT_NO_THROW(require_usable_rows(counts, "x.npy"));
}

TEST(CheckRows, WantsOneRowThatIsFinite) {
  const auto model = linear_model(4, 2);
  for (const float bad : {kNaN, kInfinity}) {
    const TensorDataset data(Tensor::filled({3, 4}, bad), Tensor::zeros({3}));
    expect_error<DataError>("x.npy: no row is finite",
                            [&] { require_usable_rows(check(*model, data, Loss::cross_entropy), "x.npy"); });
    expect_error<DataError>("the inputs: no row is finite",
                            [&] { train(*model, data, TrainingPlan(small_privacy()), small_options()); });
  }
  const TensorDataset none(Tensor::zeros({0, 4}), Tensor::zeros({0}));
  expect_error<DataError>("x.npy: no row is left",
                          [&] { require_usable_rows(check(*model, none, Loss::cross_entropy), "x.npy"); });
  expect_error<DataError>("the inputs: no row is left",
                          [&] { train(*model, none, TrainingPlan(small_privacy()), small_options()); });
}

}  // namespace
}  // namespace dpml
