#include "dpml/layers/embedding_bag.h"

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Mode = EmbeddingBag::Mode;

TEST(EmbeddingBag, BehavesAsALayer) {
  for (const Mode mode : {Mode::sum, Mode::mean}) {
    for (const std::optional<Index> padding : {std::optional<Index>(), std::optional<Index>(2)}) {
      const LayerMaker make = [&](Rng& rng) {
        return std::make_unique<EmbeddingBag>(
            EmbeddingBag::Options{.vocabulary = 6, .features = 3, .mode = mode, .padding_idx = padding}, rng);
      };
      for (const Shape& x : {Shape{3, 4}, Shape{3, 1}, Shape{3, 2, 5}, Shape{3, 0}, Shape{0, 4}, Shape{5, 40}}) {
        SCOPED_TRACE(x.to_text());
        EXPECT_NO_THROW(expect_layer_conforms(make, x, {.vocabulary = 6}));
      }
    }
  }
}

std::vector<float> result_of(Mode mode, std::optional<Index> padding, const std::vector<float>& indices) {
  Rng rng = fixed_rng();
  EmbeddingBag layer({.vocabulary = 3, .features = 2, .mode = mode, .padding_idx = padding}, rng);
  named_parameters(layer)[0].parameter->set(Tensor::from({3, 2}, std::vector<float>{0, 1, 10, 11, 20, 22}));
  const Tensor y = apply(layer, Tensor::from({1, std::ssize(indices)}, indices));
  EXPECT_EQ(y.shape(), (Shape{1, 2}));
  return {y.values().begin(), y.values().end()};
}

// By hand, from what torch.nn.functional.embedding_bag documents of these arguments.
TEST(EmbeddingBag, AddsOrAveragesWhatIsNoPadding) {
  EXPECT_EQ(result_of(Mode::sum, {}, {2, 0, 2}), (std::vector<float>{40, 45}));
  EXPECT_EQ(result_of(Mode::mean, {}, {2, 0, 2, 0}), (std::vector<float>{20 / 2.0F, 23 / 2.0F}));
  EXPECT_EQ(result_of(Mode::sum, 2, {2, 1, 0}), (std::vector<float>{10, 12}));
  EXPECT_EQ(result_of(Mode::mean, 2, {2, 1, 0}), (std::vector<float>{5, 6}));
  EXPECT_EQ(result_of(Mode::mean, 2, {2, 2}), (std::vector<float>{0, 0}));
  EXPECT_EQ(result_of(Mode::mean, {}, {}), (std::vector<float>{0, 0}));
}

TEST(EmbeddingBag, RefusesWhatIsNoBag) {
  Rng rng = fixed_rng();
  EmbeddingBag layer({.vocabulary = 3, .features = 2}, rng);
  EXPECT_EQ(message_of<ShapeError>([&] { apply(layer, Tensor::zeros({4})); }),
            "EmbeddingBag: x is [B], expected bags of indices, [B, ..., T]");
  EXPECT_EQ(
      message_of<Error>([&] {
        apply(layer, Tensor::filled({1, 1}, 3));
      }),
      "EmbeddingBag: an index is not a whole number in [0, 3). Check the vocabulary size and the preparation of the "
      "data");
  EXPECT_EQ(message_of<ConfigError>([&] { EmbeddingBag({.vocabulary = 3, .features = 0}, rng); }),
            "EmbeddingBag: features is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { EmbeddingBag({.vocabulary = 3, .features = 1, .padding_idx = 3}, rng); }),
            "EmbeddingBag: padding_idx is 3, expected an index in [0, 3)");
}

}  // namespace
}  // namespace dpml
