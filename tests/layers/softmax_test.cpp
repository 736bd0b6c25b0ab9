#include "dpml/layers/softmax.h"

#include <cmath>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

TEST(Softmax, BehavesAsALayer) {
  const LayerMaker make = [](Rng&) { return std::make_unique<Softmax>(); };
  for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 2, 3}, Shape{3, 1}, Shape{3, 0}, Shape{0, 4}}) {
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

TEST(Softmax, AgreesWithDouble) {
  const Tensor x = random_tensor({7, 2, 9});
  const Tensor y = apply(Softmax(), x);
  for (Index row = 0; row < 14; ++row) {
    double sum = 0;
    for (Index i = 9 * row; i < 9 * row + 9; ++i) sum += std::exp(static_cast<double>(x.data()[i]));
    for (Index i = 9 * row; i < 9 * row + 9; ++i) {
      EXPECT_NEAR(y.data()[i], std::exp(static_cast<double>(x.data()[i])) / sum, 1e-7);
    }
  }
}

TEST(LogSoftmax, ConformsAndAgreesWithDouble) {
  const LayerMaker make = [](Rng&) { return std::make_unique<LogSoftmax>(); };
  for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 2, 3}, Shape{3, 1}, Shape{3, 0}, Shape{0, 4}}) {
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
  const Tensor x = random_tensor({7, 9});
  const Tensor y = apply(LogSoftmax(), x);
  for (Index row = 0; row < 7; ++row) {
    double sum = 0;
    for (Index i = 9 * row; i < 9 * row + 9; ++i) sum += std::exp(static_cast<double>(x.data()[i]));
    for (Index i = 9 * row; i < 9 * row + 9; ++i) {
      EXPECT_NEAR(y.data()[i], static_cast<double>(x.data()[i]) - std::log(sum), 5e-7);
    }
  }
  // Where the share of the second is no float any more.
  EXPECT_EQ(apply(LogSoftmax(), Tensor::from({1, 2}, std::vector<float>{200, -100})).data()[1], -300.0F);
}

TEST(Softmax, StaysFiniteForLargeNumbers) {
  Tensor x = Tensor::filled(Shape{1, 2}, 3e38F);
  EXPECT_EQ(apply(Softmax(), x).data()[1], 0.5F);
}

TEST(Softmax, WantsAnAxisBesideTheBatch) {
  const std::string expected = "Softmax: x is [B], expected [B, ..., C] to normalise the last axis of";
  EXPECT_EQ(message_of<ShapeError>([] { apply(Softmax(), random_tensor({4})); }), expected);
  EXPECT_EQ(message_of<ShapeError>([] { Softmax().output_shape({}); }), expected);
}

}  // namespace
}  // namespace dpml
