#include "dpml/layers/embedding.h"

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

TEST(Embedding, BehavesAsALayer) {
  const LayerMaker make = [](Rng& rng) {
    return std::make_unique<Embedding>(Embedding::Options{.vocabulary = 6, .features = 3}, rng);
  };
  for (const Shape& x : {Shape{3, 4}, Shape{4}, Shape{3, 1}, Shape{3, 2, 5}, Shape{3, 0}, Shape{0, 4}, Shape{5, 40}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x, {.vocabulary = 6}));
  }
}

TEST(Embedding, BehavesAsALayerWithPadding) {
  const LayerMaker make = [](Rng& rng) {
    return std::make_unique<Embedding>(Embedding::Options{.vocabulary = 3, .features = 2, .padding_idx = 1}, rng);
  };
  for (const Shape& x : {Shape{3, 4}, Shape{4}, Shape{3, 2, 5}, Shape{3, 0}, Shape{0, 4}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x, {.vocabulary = 3}));
  }
}

TEST(Embedding, GivesPaddingNoVectorAndNoGradient) {
  Rng rng = fixed_rng();
  Embedding layer({.vocabulary = 3, .features = 2, .padding_idx = 1}, rng);
  Parameter& weight = *named_parameters(layer)[0].parameter;
  const auto padding = [&] { return std::vector<float>(weight.tensor().data() + 2, weight.tensor().data() + 4); };
  EXPECT_EQ(padding(), (std::vector<float>{0, 0}));
  weight.set(Tensor::from({3, 2}, std::vector<float>{0, 1, 10, 11, 20, 21}));
  EXPECT_EQ(padding(), (std::vector<float>{0, 0})) << "a file may hold others";
  weight.mutable_data()[2] = 5;  // as an optimizer writes, before it restores the zeros

  Tape tape;
  const Value y = layer.forward(tape, tape.sample(Tensor::from({2, 2}, std::vector<float>{1, 2, 1, 1})));
  EXPECT_EQ(std::vector<float>(y.tensor().data(), y.tensor().data() + 8),
            (std::vector<float>{0, 0, 20, 21, 0, 0, 0, 0}));
  struct Sink final : GradientSink {
    void accept(const Parameter&, PerSampleGrad gradient) override {
      gradient.add_squared_norms(norms);
      dense = gradient.to_dense();
    }
    std::vector<double> norms = std::vector<double>(2);
    Tensor dense;
  } sink;
  // Sums of 1 y over the positions that count; what goes to padding is NaN.
  const Value losses = tape.record_trusted("losses", {y}, {}, Tensor::zeros({2}), [y](const Tensor&, Cotangents& send) {
    send.to(y, [] {
      const float nan = std::nanf("");
      return Tensor::from({2, 2, 2}, std::vector<float>{nan, nan, 3, 4, nan, nan, nan, nan});
    });
  });
  tape.backward(losses, sink);
  EXPECT_EQ(std::vector<float>(sink.dense.data(), sink.dense.data() + 12),
            (std::vector<float>{0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0}));
  EXPECT_NEAR(sink.norms[0], 25, 1e-5);
  EXPECT_EQ(sink.norms[1], 0);
}

TEST(Embedding, GivesTheRowOfEachIndex) {
  Rng rng = fixed_rng();
  Embedding layer({.vocabulary = 3, .features = 2}, rng);
  named_parameters(layer)[0].parameter->set(Tensor::from({3, 2}, std::vector<float>{0, 1, 10, 11, 20, 21}));
  const Tensor y = apply(layer, Tensor::from({1, 3}, std::vector<float>{2, 0, 2}));
  EXPECT_EQ(y.shape(), (Shape{1, 3, 2}));
  EXPECT_EQ(std::vector<float>(y.values().begin(), y.values().end()), (std::vector<float>{20, 21, 0, 1, 20, 21}));
}

TEST(Embedding, StartsWithNormalsOfTheStatedDeviation) {
  for (const double deviation : {1.0, 0.02}) {
    Rng rng = fixed_rng();
    Embedding layer({.vocabulary = 100, .features = 100, .initial_std = deviation}, rng);
    double sum = 0;
    double squares = 0;
    for (const float value : named_parameters(layer)[0].parameter->tensor().values()) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    // 10,000 draws: five standard deviations of the mean and of the variance, false alarm 1e-6.
    EXPECT_NEAR(sum / 1e4 / deviation, 0, 0.05);
    EXPECT_NEAR(squares / 1e4 / deviation / deviation, 1, 5 * std::sqrt(2.0) / 100);
  }
}

TEST(Embedding, RefusesWhatIsNoIndexAndKeepsItToItself) {
  Rng rng = fixed_rng();
  Embedding layer({.vocabulary = 50, .features = 2}, rng);
  layer.set_name("tokens");
  for (const float wrong : {50.0F, -1.0F, 2.5F, 77.0F, std::nanf(""), INFINITY}) {
    EXPECT_EQ(message_of<Error>([&] {
                apply(layer, Tensor::from({1, 2}, std::vector<float>{1, wrong}));
              }),
              "Embedding \"tokens\": an index is not a whole number in [0, 50). Check the vocabulary size and the "
              "preparation of the data");
  }
  EXPECT_NO_THROW(apply(layer, Tensor::from({1, 2}, std::vector<float>{0, 49})));
}

TEST(Embedding, RefusesImpossibleOptions) {
  Rng rng = fixed_rng();
  EXPECT_EQ(message_of<ConfigError>([&] { Embedding({.vocabulary = 0, .features = 2}, rng); }),
            "Embedding: vocabulary is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { Embedding({.vocabulary = 2, .features = 0}, rng); }),
            "Embedding: features is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { Embedding({.vocabulary = (1 << 24) + 1, .features = 1}, rng); }),
            "Embedding: vocabulary is 16777217, expected at most 16777216, the indices that are exact in float32");
  EXPECT_EQ(message_of<ConfigError>([&] { Embedding({.vocabulary = 2, .features = 1, .padding_idx = -1}, rng); }),
            "Embedding: padding_idx is -1, expected an index in [0, 2)");
  EXPECT_EQ(message_of<ConfigError>([&] { Embedding({.vocabulary = 2, .features = 1, .initial_std = 0}, rng); }),
            "Embedding: initial_std is 0.000000, expected a finite float above 0");
}

}  // namespace
}  // namespace dpml
