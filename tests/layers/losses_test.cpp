#include "dpml/layers/losses.h"

#include <cmath>
#include <limits>

#include "dpml/layers/scoring.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tensor of(const Shape& shape, std::vector<float> values) {
  return Tensor::from(shape, values);
}

Tensor losses_of(Loss loss, const Tensor& prediction, const Tensor& labels) {
  Tape tape;
  return loss_value(loss, tape, tape.sample(prediction), labels).tensor();
}

/// The derivative of each sample's loss by its prediction.
Tensor slopes_of(Loss loss, const Tensor& prediction, const Tensor& labels) {
  struct Nowhere final : GradientSink {
    void accept(const Parameter&, PerSampleGrad) override {}
  } nowhere;
  Tape tape;
  const Parameter anchor("anchor", Tensor::zeros({1}));
  Tensor slopes;
  const Value input = tape.sample(prediction);
  const Value x =
      tape.record("input", {input}, {anchor}, prediction, [&](const Tensor& dy, Cotangents&) { slopes = dy; });
  tape.backward(loss_value(loss, tape, x, labels), nowhere);
  return slopes;
}

/// The loss as a layer, so that it passes the same check: sample b's labels depend on the position only.
class LossLayer final : public Layer {
 public:
  LossLayer(Loss loss, Index kinds) : loss_(loss), kinds_(kinds) {}
  Value forward(Tape& tape, const Value& x) const override {
    Tensor labels(loss_ == Loss::cross_entropy ? x.shape().without_back() : x.shape());
    const Index row = labels.shape().without_front().size();
    for (Index i = 0; i < labels.size(); ++i) labels.mutable_data()[i] = static_cast<float>((1 + i % row) % kinds_);
    return loss_value(loss_, tape, x, labels);
  }
  Shape output_shape(const Shape&) const override { return {}; }
  std::string type() const override { return "LossLayer"; }

 private:
  Loss loss_;
  Index kinds_;
};

LayerMaker loss_layer(Loss loss, Index kinds) {
  return [=](Rng&) { return std::make_unique<LossLayer>(loss, kinds); };
}

TEST(Losses, BehaveAsLayers) {
  for (const Shape& x : {Shape{3, 5}, Shape{3, 4, 5}, Shape{3, 2, 2, 5}, Shape{0, 5}, Shape{3, 0, 5}}) {
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::cross_entropy, 5), x)) << x.to_text();
  }
  for (const Shape& x : {Shape{3, 5}, Shape{3}, Shape{3, 1}, Shape{3, 4, 2}, Shape{0, 5}, Shape{3, 0}}) {
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::mean_squared_error, 7), x)) << x.to_text();
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::binary_cross_entropy, 2), x)) << x.to_text();
  }
}

TEST(CrossEntropy, AgreesWithDouble) {
  const Index classes = 37;
  const Tensor logits = random_tensor({4, 6, classes});
  Tensor labels(Shape{4, 6});
  for (Index i = 0; i < labels.size(); ++i) labels.mutable_data()[i] = static_cast<float>(7 * i % classes);
  const Tensor losses = losses_of(Loss::cross_entropy, logits, labels);
  ASSERT_EQ(losses.shape(), (Shape{4}));
  for (Index b = 0; b < 4; ++b) {
    double want = 0;
    for (Index t = 0; t < 6; ++t) {
      const float* row = logits.data() + (b * 6 + t) * classes;
      double total = 0;
      for (Index c = 0; c < classes; ++c) total += std::exp(static_cast<double>(row[c]));
      want += (std::log(total) - static_cast<double>(row[static_cast<Index>(labels.data()[b * 6 + t])])) / 6;
    }
    EXPECT_NEAR(losses.data()[b], want, 1e-6);
  }
}

TEST(CrossEntropy, TakesLogitsOfAnySize) {
  const Tensor logits = of({4, 2}, {1e4F, -1e4F, 1e4F, -1e4F, -1e4F, -1e4F, 3e38F, -3e38F});
  const Tensor labels = of({4}, {0, 1, 0, 0});
  const Tensor losses = losses_of(Loss::cross_entropy, logits, labels);
  EXPECT_EQ(losses.data()[0], 0.0F);
  EXPECT_EQ(losses.data()[1], 2e4F);
  EXPECT_NEAR(losses.data()[2], std::log(2.0), 1e-7);
  EXPECT_EQ(losses.data()[3], 0.0F);
  const Tensor slopes = slopes_of(Loss::cross_entropy, logits, labels);
  const std::vector<float> want{0, 0, 1, -1, -0.5F, 0.5F, 0, 0};
  EXPECT_EQ(std::vector<float>(slopes.values().begin(), slopes.values().end()), want);
}

TEST(CrossEntropy, ForOneClassIsZero) {
  EXPECT_EQ(losses_of(Loss::cross_entropy, of({1, 1}, {5}), of({1}, {0})).data()[0], 0.0F);
}

TEST(CrossEntropy, NamesTheClassesAndNoLabelWhenOneIsOutside) {
  const Tensor logits = random_tensor({2, 3});
  for (const float wrong : {3.0F, -1.0F, 0.5F, kNaN, kInfinity, 4e9F}) {
    const std::string message = message_of<Error>([&] { losses_of(Loss::cross_entropy, logits, of({2}, {1, wrong})); });
    EXPECT_EQ(message,
              "cross_entropy: a label is not one of the 3 classes; expected whole numbers 0 to 2. Check the label "
              "column, and the model's last layer.");
  }
}

TEST(CrossEntropy, SaysWhichShapesDoNotFit) {
  EXPECT_EQ(message_of<ShapeError>([] {
              losses_of(Loss::cross_entropy, random_tensor({2, 3}), random_tensor({3}));
            }),
            "cross_entropy: logits are [2, 3], labels [3]; expected [B, C] and [B], or [B, T, C] and [B, T], with one "
            "class or more");
  message_of<ShapeError>([] { losses_of(Loss::cross_entropy, random_tensor({2}), random_tensor({2})); });
  message_of<ShapeError>([] { losses_of(Loss::cross_entropy, Tensor(Shape{2, 0}), random_tensor({2})); });
  Tape tape;
  message_of<ShapeError>([&] { cross_entropy(tape, tape.shared(random_tensor({2, 3})), of({2}, {0, 1})); });
}

TEST(MeanSquaredError, AveragesOverASamplesElements) {
  const Tensor losses = losses_of(Loss::mean_squared_error, of({2, 2}, {1, 2, 3, 4}), of({2, 2}, {0, 4, 3, 4}));
  EXPECT_EQ(losses.data()[0], 2.5F);
  EXPECT_EQ(losses.data()[1], 0.0F);
  EXPECT_EQ(losses_of(Loss::mean_squared_error, of({1, 1}, {3}), of({1}, {1})).data()[0], 4.0F);
}

TEST(MeanSquaredError, SaysWhichShapesDoNotFit) {
  EXPECT_EQ(message_of<ShapeError>([] {
              losses_of(Loss::mean_squared_error, random_tensor({4, 2}), random_tensor({4}));
            }),
            "mean_squared_error: the prediction is [4, 2], the target [4]; expected the same shape");
}

TEST(BinaryCrossEntropy, AgreesWithDouble) {
  const Tensor logits = random_tensor({50, 3});
  Tensor targets(Shape{50, 3});
  for (Index i = 0; i < targets.size(); ++i) targets.mutable_data()[i] = static_cast<float>(i * i % 3 == 1);
  const Tensor losses = losses_of(Loss::binary_cross_entropy, logits, targets);
  for (Index b = 0; b < 50; ++b) {
    double want = 0;
    for (Index i = 3 * b; i < 3 * b + 3; ++i) {
      const double p = 1 / (1 + std::exp(-static_cast<double>(logits.data()[i])));
      want -= std::log(targets.data()[i] == 1 ? p : 1 - p) / 3;
    }
    EXPECT_NEAR(losses.data()[b], want, 1e-6);
  }
}

TEST(BinaryCrossEntropy, TakesLogitsOfAnySize) {
  const Tensor logits = of({6}, {1e4F, -1e4F, 1e4F, -1e4F, kInfinity, -kInfinity});
  const Tensor targets = of({6}, {1, 0, 0, 1, 1, 0});
  const Tensor losses = losses_of(Loss::binary_cross_entropy, logits, targets);
  const Tensor slopes = slopes_of(Loss::binary_cross_entropy, logits, targets);
  const std::vector<float> want{0, 0, 1e4F, 1e4F, 0, 0};
  const std::vector<float> want_slopes{0, 0, 1, -1, 0, 0};
  EXPECT_EQ(std::vector<float>(losses.values().begin(), losses.values().end()), want);
  EXPECT_EQ(std::vector<float>(slopes.values().begin(), slopes.values().end()), want_slopes);
}

TEST(BinaryCrossEntropy, WantsTargetsOfZeroAndOne) {
  for (const float wrong : {2.0F, 0.5F, -1.0F, kNaN}) {
    EXPECT_EQ(message_of<Error>([&] {
                losses_of(Loss::binary_cross_entropy, random_tensor({2}), of({2}, {1, wrong}));
              }),
              "binary_cross_entropy: a target is not one of the 2 classes; expected 0 or 1. Check the label column.");
  }
  message_of<ShapeError>([] { losses_of(Loss::binary_cross_entropy, random_tensor({2, 2}), of({2}, {1, 0})); });
}

TEST(Losses, OfANaNSampleAreNaNAndLeaveOthersAlone) {
  for (const Loss loss : {Loss::cross_entropy, Loss::mean_squared_error, Loss::binary_cross_entropy}) {
    Tensor x = random_tensor({3, 2});
    const Tensor labels = loss == Loss::cross_entropy ? of({3}, {1, 0, 1}) : of({3, 2}, {1, 0, 1, 1, 0, 0});
    const Tensor before = losses_of(loss, x, labels);
    x.mutable_data()[2] = kNaN;
    const Tensor after = losses_of(loss, x, labels);
    EXPECT_TRUE(std::isnan(after.data()[1]));
    EXPECT_EQ(after.data()[0], before.data()[0]);
    EXPECT_EQ(after.data()[2], before.data()[2]);
  }
}

TEST(Losses, GiveASampleTheSameBitsWhereverItStands) {
  const Tensor x = random_tensor({5, 3, 37});
  for (const Loss loss : {Loss::cross_entropy, Loss::mean_squared_error, Loss::binary_cross_entropy}) {
    const Tensor labels = Tensor::filled(loss == Loss::cross_entropy ? Shape{5, 3} : x.shape(), 1);
    const Tensor losses = losses_of(loss, x, labels);
    const Tensor slopes = slopes_of(loss, x, labels);
    for (Index b = 0; b < 5; ++b) {
      const Tensor alone = x.rows(b, b + 1);
      const Tensor slope = slopes_of(loss, alone, labels.rows(b, b + 1));
      EXPECT_EQ(losses_of(loss, alone, labels.rows(b, b + 1)).data()[0], losses.data()[b]);
      EXPECT_TRUE(std::equal(slope.values().begin(), slope.values().end(), slopes.data() + b * slope.size()));
    }
  }
}

TEST(Scoring, PredictsTheClassOfTheLargestLogit) {
  const Tensor logits = of({5, 3}, {1, 3, 2, 5, 5, 1, kNaN, -2, -3, kNaN, kNaN, kNaN, -kInfinity, -kInfinity, -1});
  const Tensor classes = predicted_classes(Loss::cross_entropy, logits);
  EXPECT_EQ(classes.shape(), (Shape{5}));
  EXPECT_EQ(std::vector<float>(classes.values().begin(), classes.values().end()), (std::vector<float>{1, 0, 1, -1, 2}));
  EXPECT_EQ(predicted_classes(Loss::cross_entropy, random_tensor({2, 4, 3})).shape(), (Shape{2, 4}));
  message_of<ShapeError>([] { predicted_classes(Loss::cross_entropy, random_tensor({3})); });
}

TEST(Scoring, PredictsOneForAPositiveLogit) {
  const Tensor classes = predicted_classes(Loss::binary_cross_entropy, of({4, 1}, {0.1F, -3, 0, kNaN}));
  EXPECT_EQ(classes.shape(), (Shape{4, 1}));
  EXPECT_EQ(std::vector<float>(classes.values().begin(), classes.values().end()), (std::vector<float>{1, 0, 0, -1}))
      << "a NaN is no class";
}

TEST(Scoring, CountsCorrectPredictions) {
  EXPECT_EQ(count_correct(Loss::cross_entropy, of({3, 2}, {1, 2, 2, 1, 0, 1}), of({3}, {1, 1, 1})), 2);
  EXPECT_EQ(count_correct(Loss::binary_cross_entropy, of({3, 1}, {1, -1, 1}), of({3}, {1, 0, 0})), 2);
  EXPECT_EQ(count_correct(Loss::cross_entropy, Tensor(Shape{0, 2}), Tensor(Shape{0})), 0);
  message_of<ShapeError>([] { count_correct(Loss::cross_entropy, random_tensor({3, 2}), random_tensor({4})); });
  EXPECT_EQ(
      message_of<ConfigError>([] { count_correct(Loss::mean_squared_error, random_tensor({3}), random_tensor({3})); }),
      "a model trained with mean_squared_error predicts numbers, not classes. Report its loss instead.");
}

}  // namespace
}  // namespace dpml
