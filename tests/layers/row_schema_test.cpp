#include "dpml/layers/row_schema.h"

#include <limits>

#include "dpml/layers/activations.h"
#include "dpml/layers/dropout.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/residual.h"
#include "dpml/layers/sequential.h"
#include "try_layer.h"

namespace dpml {
namespace {

std::unique_ptr<Layer> linear(Index in, Index out) {
  Rng rng = fixed_rng();
  return std::make_unique<Linear>(Linear::Options{.in = in, .out = out}, rng);
}

std::unique_ptr<Layer> embedding(Index vocabulary) {
  Rng rng = fixed_rng();
  return std::make_unique<Embedding>(Embedding::Options{.vocabulary = vocabulary, .features = 2}, rng);
}

std::unique_ptr<Sequential> chain(std::vector<std::unique_ptr<Layer>> layers) {
  auto model = std::make_unique<Sequential>();
  for (auto& layer : layers) model->add(std::move(layer));
  return model;
}

template <class... Layers>
std::unique_ptr<Sequential> of(Layers... layers) {
  std::vector<std::unique_ptr<Layer>> list;
  (list.push_back(std::move(layers)), ...);
  return chain(std::move(list));
}

NumberRule rule(const Layer& model) {
  return model.input_rule();
}

TEST(RowSchema, WantsOfInputsWhatTheFirstLayersWant) {
  EXPECT_EQ(rule(*of(linear(3, 2))), NumberRule(AnyNumber{}));
  EXPECT_EQ(rule(*of()), NumberRule(AnyNumber{}));
  EXPECT_EQ(rule(*of(embedding(50), linear(2, 2))), NumberRule(WholeNumber{50}));
  EXPECT_EQ(rule(*of(std::make_unique<Flatten>(), embedding(50))), NumberRule(WholeNumber{50}));
  EXPECT_EQ(rule(*of(of(std::make_unique<Flatten>()), of(embedding(50)))), NumberRule(WholeNumber{50}));
  EXPECT_EQ(rule(Residual(embedding(50), embedding(40))), NumberRule(WholeNumber{40}));
  EXPECT_EQ(rule(Residual(embedding(50))), NumberRule(WholeNumber{50}));
}

TEST(RowSchema, RefusesALayerThatWantsIndicesOfComputedNumbers) {
  EXPECT_EQ(message_of<ConfigError>([] { rule(*of(linear(3, 3), embedding(50))); }),
            "Embedding \"1\": its input must be a whole number from 0 to 49 everywhere, but a layer before it computes "
            "other numbers; put it first");
  EXPECT_EQ(message_of<ConfigError>([] {
              rule(*of(std::make_unique<Dropout>(Dropout::Options{.probability = 0.5}), of(embedding(3))));
            }).substr(0, 22),
            "Sequential \"1\": its in");
}

TEST(RowSchema, TakesTheRuleOfLabelsFromTheLossAndTheEndOfTheModel) {
  const RowSchema classes = row_schema(*linear(3, 4), {3}, Loss::cross_entropy);
  EXPECT_EQ(classes.label, Shape{});
  EXPECT_EQ(classes.label_numbers, NumberRule(WholeNumber{4}));
  EXPECT_EQ(wanted_of_labels(classes), "a whole number from 0 to 3, a class of the model's last layer");
  const RowSchema positions = row_schema(*linear(3, 4), {5, 3}, Loss::cross_entropy);
  EXPECT_EQ(positions.label, Shape{5});
  const RowSchema numbers = row_schema(*linear(3, 4), {3}, Loss::mean_squared_error);
  EXPECT_EQ(numbers.label, Shape{4});
  EXPECT_EQ(numbers.label_numbers, NumberRule(FiniteNumber{}));
  const RowSchema answers = row_schema(*linear(3, 1), {3}, Loss::binary_cross_entropy);
  EXPECT_EQ(answers.label, Shape{1});
  EXPECT_EQ(wanted_of_labels(answers), "0 or 1, as binary_cross_entropy needs");
}

TEST(RowSchema, SaysWhatToDoAboutLabelsOfAnotherShape) {
  const RowSchema classes = row_schema(*linear(3, 4), {3}, Loss::cross_entropy);
  EXPECT_EQ(problem_of_labels(classes, {}), "");
  EXPECT_EQ(problem_of_labels(classes, {1}),
            "are [N, 1], expected class indices [N]; take the last axis away, labels[..., 0] in NumPy");
  EXPECT_EQ(problem_of_labels(classes, {4}),
            "are [N, 4], a number for each class as in one-hot labels, expected class indices [N]; "
            "labels.argmax(axis=-1) in NumPy");
  EXPECT_EQ(problem_of_labels(classes, {3}),
            "are [N, 3], but cross_entropy on a model that ends in [N, 4] expects class indices [N]; change the labels "
            "or the end of the model");
  const RowSchema positions = row_schema(*linear(3, 1), {5, 3}, Loss::cross_entropy);
  EXPECT_EQ(problem_of_labels(positions, {5}), "");
  EXPECT_NE(problem_of_labels(positions, {}), "");
  for (const Loss loss : {Loss::mean_squared_error, Loss::binary_cross_entropy}) {
    const RowSchema one = row_schema(*linear(3, 1), {3}, loss);
    EXPECT_EQ(problem_of_labels(one, {}), "");
    EXPECT_EQ(problem_of_labels(one, {1}), "");
    EXPECT_EQ(problem_of_labels(one, {2}), "are [N, 2], but " + to_text(loss) +
                                               " on a model that ends in [N, 1] expects the same shape; change the "
                                               "labels or the end of the model");
    EXPECT_NE(problem_of_labels(row_schema(*linear(3, 2), {3}, loss), {}), "");
  }
}

TEST(RowSchema, RefusesInputsAndPredictionsThatDoNotFit) {
  EXPECT_EQ(message_of<ShapeError>([] { row_schema(*of(linear(3, 4)), {2}, Loss::cross_entropy); }).substr(0, 10),
            "Linear \"0\"");
  EXPECT_EQ(message_of<ShapeError>([] { row_schema(*of(), {}, Loss::cross_entropy); }),
            "cross_entropy: the model ends in [N]; expected [N, C] or [N, T, C] with one class or more");
}

/// A rule that holds is one under which forward and loss do not throw; the other way round, what breaks it throws.
TEST(RowSchema, SaysExactlyWhatTheLossesThrowFor) {
  for (const Loss loss : {Loss::cross_entropy, Loss::binary_cross_entropy}) {
    const RowSchema schema = row_schema(*linear(3, 2), {3}, loss);
    for (const float number : {-1.0F, 0.0F, 0.5F, 1.0F, 2.0F, 3.0F, std::numeric_limits<float>::quiet_NaN()}) {
      const Tensor labels = Tensor::filled(schema.label.with_front(1), number);
      Tape tape;
      const Value prediction = tape.sample(Tensor::zeros({1, 2}));
      if (first_breach(schema.label_numbers, labels.values())) {
        EXPECT_THROW(loss_value(loss, tape, prediction, labels), Error);
      } else {
        EXPECT_NO_THROW(loss_value(loss, tape, prediction, labels));
      }
    }
  }
}

}  // namespace
}  // namespace dpml
