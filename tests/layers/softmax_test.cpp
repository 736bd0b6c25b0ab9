#include "dpml/layers/softmax.h"

#include <cmath>
#include <limits>
#include <vector>

#include "dpml/autograd/ops.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

std::vector<float> softmax_of(const std::vector<float>& row) {
  const Tensor y = apply(Softmax(), Tensor::from({1, static_cast<Index>(row.size())}, row));
  return {y.values().begin(), y.values().end()};
}

/// What reaches x [B, C] when dy comes back to the result.
Tensor slopes_of(const Tensor& x, const Tensor& dy) {
  struct Nowhere final : GradientSink {
    void accept(const Parameter&, PerSampleGrad) override {}
  } nowhere;
  Tape tape;
  const Parameter anchor("anchor", Tensor::zeros({1}));
  Tensor slopes;
  const Value data = tape.sample(x);
  const Value input =
      tape.record_trusted("input", {data}, {anchor}, x, [&](const Tensor& arrived, Cotangents&) { slopes = arrived; });
  tape.backward(sum(tape, multiply(tape, Softmax().forward(tape, input), tape.sample(dy)), 1), nowhere);
  return slopes;
}

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
  EXPECT_EQ(softmax_of({kLargest, kLargest}), (std::vector<float>{0.5F, 0.5F}));
  EXPECT_EQ(softmax_of({-kLargest, -kLargest}), (std::vector<float>{0.5F, 0.5F}));
  // The difference of the two is no float any more.
  EXPECT_EQ(softmax_of({kLargest, -kLargest, 0}), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(softmax_of({1, -kInfinity, 1}), (std::vector<float>{0.5F, 0, 0.5F})) << "a class that is ruled out";
}

TEST(Softmax, OfNaNAndInfinityIsNaNInTheirRowAlone) {
  for (const float wrong : {kNaN, kInfinity}) {
    Tensor x = random_tensor({3, 2, 5});
    const Tensor good = apply(Softmax(), x);
    x.mutable_data()[12] = wrong;  // the first row of sample 1
    const Tensor y = apply(Softmax(), x);
    for (Index i = 0; i < y.size(); ++i) {
      if (i / 5 == 2) {
        EXPECT_TRUE(std::isnan(y.data()[i])) << wrong << " at " << i << ": " << y.data()[i];
      } else {
        EXPECT_EQ(y.data()[i], good.data()[i]) << wrong << " at " << i;
      }
    }
  }
  for (const float number : softmax_of({-kInfinity, -kInfinity})) EXPECT_TRUE(std::isnan(number)) << number;
}

TEST(Softmax, OfOneClassIsOneWhateverItIsAndHasNoSlope) {
  const Tensor x = Tensor::from({4, 1}, std::vector<float>{-3, 0, kLargest, -kLargest});
  const Tensor y = apply(Softmax(), x);
  const Tensor slopes = slopes_of(x, random_tensor({4, 1}));
  ASSERT_EQ(slopes.shape(), x.shape());
  for (Index i = 0; i < 4; ++i) {
    EXPECT_EQ(y.data()[i], 1) << i;
    EXPECT_EQ(slopes.data()[i], 0) << i;
  }
  // With two classes something comes back, so the zeros are not those of a slope that got lost.
  EXPECT_NE(slopes_of(random_tensor({1, 2}), random_tensor({1, 2}, 7)).data()[0], 0);
}

TEST(Softmax, SlopesOfHugeNumbersAreFinite) {
  const Tensor x = Tensor::from({1, 3}, std::vector<float>{kLargest, -kLargest, kLargest});
  const Tensor slopes = slopes_of(x, Tensor::from({1, 3}, std::vector<float>{1, 5, 0}));
  EXPECT_EQ(std::vector<float>(slopes.values().begin(), slopes.values().end()), (std::vector<float>{0.25F, 0, -0.25F}));
}

TEST(Softmax, WantsAnAxisBesideTheBatch) {
  const std::string expected = "Softmax: x is [B], expected [B, ..., C] to normalise the last axis of";
  EXPECT_EQ(message_of<ShapeError>([] { apply(Softmax(), random_tensor({4})); }), expected);
  EXPECT_EQ(message_of<ShapeError>([] { Softmax().output_shape({}); }), expected);
}

}  // namespace
}  // namespace dpml
