#include "dpml/layers/losses.h"

#include <algorithm>
#include <cmath>
#include <functional>
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

Tensor losses_of(const LossOptions& loss, const Tensor& prediction, const Tensor& labels) {
  Tape tape;
  return loss_value(loss, tape, tape.sample(prediction), labels).tensor();
}

/// The derivative of each sample's loss by its prediction.
Tensor slopes_of(const LossOptions& loss, const Tensor& prediction, const Tensor& labels) {
  struct Nowhere final : GradientSink {
    void accept(const Parameter&, PerSampleGrad) override {}
  } nowhere;
  Tape tape;
  const Parameter anchor("anchor", Tensor::zeros({1}));
  Tensor slopes;
  const Value input = tape.sample(prediction);
  const Value x =
      tape.record_trusted("input", {input}, {anchor}, prediction, [&](const Tensor& dy, Cotangents&) { slopes = dy; });
  tape.backward(loss_value(loss, tape, x, labels), nowhere);
  return slopes;
}

/// The loss as a layer, so that it passes the same check: sample b's labels depend on the position only.
class LossLayer final : public Layer {
 public:
  LossLayer(const LossOptions& loss, Index kinds) : loss_(loss), kinds_(kinds) {}
  Value forward(Tape& tape, const Value& x) const override {
    Tensor labels(takes_class_indices(loss_.kind) ? x.shape().without_back() : x.shape());
    const Index row = labels.shape().without_front().size();
    for (Index i = 0; i < labels.size(); ++i) labels.mutable_data()[i] = static_cast<float>((1 + i % row) % kinds_);
    return loss_value(loss_, tape, x, labels);
  }
  Shape output_shape(const Shape&) const override { return {}; }
  std::string type() const override { return "LossLayer"; }

 private:
  LossOptions loss_;
  Index kinds_;
};

LayerMaker loss_layer(const LossOptions& loss, Index kinds) {
  return [=](Rng&) { return std::make_unique<LossLayer>(loss, kinds); };
}

LossOptions huber_of(double delta) {
  LossOptions options(Loss::huber);
  options.delta = delta;
  return options;
}

LossOptions smoothed_and_weighted() {
  LossOptions options(Loss::cross_entropy);
  options.label_smoothing = 0.2;
  options.class_weights = {1, 0.5, 2, 0, 3};
  options.ignore_index = -100;
  return options;
}

TEST(Losses, BehaveAsLayers) {
  for (const Shape& x : {Shape{3, 5}, Shape{3, 4, 5}, Shape{3, 2, 2, 5}, Shape{0, 5}, Shape{3, 0, 5}}) {
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::cross_entropy, 5), x)) << x.to_text();
  }
  for (const Shape& x : {Shape{3, 5}, Shape{3}, Shape{3, 1}, Shape{3, 4, 2}, Shape{0, 5}, Shape{3, 0}}) {
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::mean_squared_error, 7), x)) << x.to_text();
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::binary_cross_entropy, 2), x)) << x.to_text();
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(huber_of(0.7), 7), x)) << x.to_text();
  }
  for (const Shape& x : {Shape{3, 5}, Shape{3, 4, 5}, Shape{0, 5}, Shape{3, 0, 5}}) {
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(Loss::cosine, 7), x)) << x.to_text();
    EXPECT_NO_THROW(expect_layer_conforms(loss_layer(smoothed_and_weighted(), 5), x)) << x.to_text();
  }
}

TEST(CrossEntropy, SmoothsWeighsAndIgnoresAsDoubleDoes) {
  const LossOptions options = smoothed_and_weighted();
  const Tensor logits = random_tensor({4, 6, 5});
  Tensor labels(Shape{4, 6});
  for (Index i = 0; i < labels.size(); ++i) labels.mutable_data()[i] = i % 3 == 0 ? -100.0F : static_cast<float>(i % 5);
  for (Index i = 18; i < 24; ++i) labels.mutable_data()[i] = -100;  // the last sample counts in nothing
  const Tensor losses = losses_of(options, logits, labels);
  for (Index b = 0; b < 4; ++b) {
    double want = 0;
    int real = 0;
    for (Index t = 0; t < 6; ++t) {
      const float* row = logits.data() + (b * 6 + t) * 5;
      if (labels.data()[b * 6 + t] < 0) continue;
      ++real;
      double total = 0;
      for (Index c = 0; c < 5; ++c) total += std::exp(static_cast<double>(row[c]));
      for (Index c = 0; c < 5; ++c) {
        const double is_label = labels.data()[b * 6 + t] == static_cast<float>(c) ? 1 : 0;
        const double share = (1 - options.label_smoothing) * is_label + options.label_smoothing / 5;
        const double weight = options.class_weights[static_cast<std::size_t>(c)];
        want += share * weight * (std::log(total) - static_cast<double>(row[c]));
      }
    }
    EXPECT_NEAR(losses.data()[b], real == 0 ? 0 : want / real, 1e-6);
  }
  const Tensor slopes = slopes_of(options, logits, labels);
  for (Index i = 90; i < 120; ++i) EXPECT_EQ(slopes.data()[i], 0.0F);
  EXPECT_EQ(count_correct(options, logits, labels).labels, 12);
}

// PyTorch 2, torch.nn.functional.cross_entropy([[1, 2, 3]], [2], weight=[1, 2, 3], label_smoothing=0.3,
// reduction='none'), by hand: 0.7 * 3 l[2] + 0.1 (1 l[0] + 2 l[1] + 3 l[2]), l = 2.4076, 1.4076, 0.4076.
TEST(CrossEntropy, IsThatOfPyTorchWithSmoothingAndWeights) {
  LossOptions options(Loss::cross_entropy);
  options.label_smoothing = 0.3;
  options.class_weights = {1, 2, 3};
  const double l = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0));
  const double want = 0.7 * 3 * (l - 3) + 0.1 * ((l - 1) + 2 * (l - 2) + 3 * (l - 3));
  EXPECT_NEAR(losses_of(options, of({1, 3}, {1, 2, 3}), of({1}, {2})).data()[0], want, 1e-6);
}

TEST(CrossEntropy, WithDefaultOptionsHasTheBitsOfNone) {
  LossOptions ones(Loss::cross_entropy);
  ones.class_weights.assign(7, 1.0);
  ones.ignore_index = -1;
  const Tensor logits = random_tensor({5, 7});
  const Tensor labels = of({5}, {0, 1, 2, 3, 6});
  const Tensor a = losses_of(Loss::cross_entropy, logits, labels);
  const Tensor b = losses_of(ones, logits, labels);
  EXPECT_TRUE(std::equal(a.data(), a.data() + 5, b.data()));
  const Tensor slopes = slopes_of(ones, logits, labels);
  EXPECT_TRUE(std::equal(slopes.data(), slopes.data() + 35, slopes_of(Loss::cross_entropy, logits, labels).data()));
}

TEST(Huber, IsAParabolaThatBecomesALine) {
  const Tensor prediction = of({2, 2}, {0.5F, -3, 1, kNaN});
  const Tensor target = Tensor::zeros({2, 2});
  const Tensor losses = losses_of(huber_of(1), prediction, target);
  EXPECT_EQ(losses.data()[0], (0.125F + 2.5F) / 2);
  EXPECT_TRUE(std::isnan(losses.data()[1]));
  const Tensor slopes = slopes_of(huber_of(1), prediction, target);
  EXPECT_EQ(slopes.data()[0], 0.25F);
  EXPECT_EQ(slopes.data()[1], -0.5F);
  EXPECT_EQ(slopes.data()[2], 0.5F);
  EXPECT_TRUE(std::isnan(slopes.data()[3]));
}

TEST(Cosine, IsOneLessTheCosineOfTheAngle) {
  const Tensor prediction = of({4, 2}, {2, 0, 1, 1, 0, 0, -3, 0});
  const Tensor target = of({4, 2}, {5, 0, 1, 0, 1, 2, 0.5F, 0});
  const Tensor losses = losses_of(Loss::cosine, prediction, target);
  EXPECT_NEAR(losses.data()[0], 0, 1e-7);
  EXPECT_NEAR(losses.data()[1], 1 - std::sqrt(0.5), 1e-7);
  EXPECT_EQ(losses.data()[2], 1.0F);  // nothing has no direction
  EXPECT_NEAR(losses.data()[3], 2, 1e-7);
  EXPECT_EQ(message_of<ShapeError>([&] {
              losses_of(Loss::cosine, of({2}, {1, 2}), of({2}, {1, 2}));
            }),
            "cosine: the prediction is [2], the target [2]; expected the same shape, [B, ..., D]");
}

TEST(LossOptions, AreThoseOfTheirLoss) {
  const auto problem = [](Loss loss, const std::function<void(LossOptions&)>& change, Index classes = 3) {
    LossOptions options(loss);
    change(options);
    const std::optional<OptionProblem> found = problem_of(options, classes);
    return found ? found->option + " " + found->what : "";
  };
  const auto ce = Loss::cross_entropy;
  EXPECT_EQ(problem(ce, [](auto& o) { o.class_weights = {1, 2, 3}; }), "");
  EXPECT_EQ(problem(ce,
                    [](auto& o) {
                      o.class_weights = {1, 2};
                    }),
            "class_weights has 2 numbers, but there are 3 classes; state one for each");
  EXPECT_EQ(problem(ce,
                    [](auto& o) {
                      o.class_weights = {1, -2, 3};
                    }),
            "class_weights has -2, expected finite floats of at least 0");
  EXPECT_EQ(problem(ce, [](auto& o) { o.label_smoothing = 1.5; }),
            "label_smoothing is 1.5, expected a number from 0 to 1");
  EXPECT_EQ(problem(ce, [](auto& o) { o.ignore_index = Index{1} << 30; }),
            "ignore_index is 1073741824, expected a whole number from -2^24 to 2^24");
  EXPECT_EQ(problem(ce, [](auto& o) { o.delta = 2; }), "delta is stated, but only huber has one; leave it out");
  EXPECT_EQ(problem(Loss::huber, [](auto& o) { o.delta = 0; }), "delta is 0, expected a finite float above 0");
  EXPECT_EQ(problem(Loss::cosine, [](auto& o) { o.ignore_index = 0; }),
            "ignore_index is stated, but only cross_entropy has one; leave it out");
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
  EXPECT_EQ(count_correct(Loss::cross_entropy, of({3, 2}, {1, 2, 2, 1, 0, 1}), of({3}, {1, 1, 1})).correct, 2);
  EXPECT_EQ(count_correct(Loss::binary_cross_entropy, of({3, 1}, {1, -1, 1}), of({3}, {1, 0, 0})).correct, 2);
  EXPECT_EQ(count_correct(Loss::cross_entropy, Tensor(Shape{0, 2}), Tensor(Shape{0})).labels, 0);
  message_of<ShapeError>([] { count_correct(Loss::cross_entropy, random_tensor({3, 2}), random_tensor({4})); });
  EXPECT_EQ(
      message_of<ConfigError>([] { count_correct(Loss::mean_squared_error, random_tensor({3}), random_tensor({3})); }),
      "a model trained with mean_squared_error predicts numbers, not classes. Report its loss instead.");
}

}  // namespace
}  // namespace dpml
