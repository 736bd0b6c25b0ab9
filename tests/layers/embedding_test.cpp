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

TEST(Embedding, GivesTheRowOfEachIndex) {
  Rng rng = fixed_rng();
  Embedding layer({.vocabulary = 3, .features = 2}, rng);
  named_parameters(layer)[0].parameter->set(Tensor::from({3, 2}, std::vector<float>{0, 1, 10, 11, 20, 21}));
  const Tensor y = apply(layer, Tensor::from({1, 3}, std::vector<float>{2, 0, 2}));
  EXPECT_EQ(y.shape(), (Shape{1, 3, 2}));
  EXPECT_EQ(std::vector<float>(y.values().begin(), y.values().end()), (std::vector<float>{20, 21, 0, 1, 20, 21}));
}

TEST(Embedding, StartsWithStandardNormals) {
  Rng rng = fixed_rng();
  Embedding layer({.vocabulary = 100, .features = 100}, rng);
  double sum = 0;
  double squares = 0;
  for (const float value : named_parameters(layer)[0].parameter->tensor().values()) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  // 10,000 draws: five standard deviations of the mean and of the variance, false alarm 1e-6.
  EXPECT_NEAR(sum / 1e4, 0, 0.05);
  EXPECT_NEAR(squares / 1e4, 1, 5 * std::sqrt(2.0) / 100);
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
}

}  // namespace
}  // namespace dpml
