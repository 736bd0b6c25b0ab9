#include <gtest/gtest.h>

#include <map>

#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
#include "random_tensor.h"

namespace dpml {
namespace {

struct Kept final : GradientSink {
  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    found.emplace(&parameter, gradient.to_dense());
  }
  std::map<const Parameter*, Tensor> found;
};

/// y[i] = (x[i] + c[i]) * w[i], of one sample.
Value scaled(Tape& tape, const Value& x, const Value& c, const Parameter& w) {
  return tape.record_per_sample(
      "scaled", {x, c}, {w}, x.sample_shape(),
      [&w](std::span<const Tensor> in) {
        Tensor y(in[0].shape());
        for (Index i = 0; i < y.size(); ++i) {
          y.mutable_data()[i] = (in[0].data()[i] + in[1].data()[i]) * w.tensor().data()[i];
        }
        return y;
      },
      [&w](std::span<const Tensor> in, const Tensor& dy) {
        Tensor dx(dy.shape());
        Tensor dw(dy.shape());
        for (Index i = 0; i < dy.size(); ++i) {
          dx.mutable_data()[i] = dy.data()[i] * w.tensor().data()[i];
          dw.mutable_data()[i] = dy.data()[i] * (in[0].data()[i] + in[1].data()[i]);
        }
        return std::vector<Tensor>{dx, Tensor(), dw};
      });
}

TEST(RecordPerSample, IsWhatComposedOperationsAre) {
  const Tensor numbers = random_tensor({4, 3}, 1);
  const Tensor constant = random_tensor({3}, 2);
  const Parameter w("w", random_tensor({3}, 3));
  const Parameter v("v", random_tensor({3}, 4));
  const auto gradients = [&](bool composed) {
    Tape tape;
    const Value x = multiply(tape, tape.sample(numbers), v);  // so that x wants a gradient
    const Value c = tape.shared(constant);
    const Value y = composed ? multiply(tape, add(tape, x, c), w) : scaled(tape, x, c, w);
    Kept kept;
    tape.backward(sum(tape, multiply(tape, y, y), 1), kept);
    return kept.found;
  };
  const auto expected = gradients(true);
  const auto got = gradients(false);
  ASSERT_EQ(got.size(), 2U);
  for (const auto& [parameter, gradient] : expected) {
    const Tensor& other = got.at(parameter);
    ASSERT_EQ(gradient.shape(), other.shape());
    for (Index i = 0; i < gradient.size(); ++i) EXPECT_FLOAT_EQ(other.data()[i], gradient.data()[i]);
  }
}

TEST(RecordPerSample, SaysWhatDoesNotFit) {
  const Parameter w("w", Tensor::filled({3}, 1));
  Tape tape;
  const Value x = tape.sample(Tensor::zeros({2, 3}));
  const auto same = [](std::span<const Tensor> in) { return in[0]; };
  EXPECT_THROW(tape.record_per_sample("f", {tape.shared(Tensor::zeros({3}))}, {}, {3}, same, {}), ShapeError);
  EXPECT_THROW(tape.record_per_sample("f", {x}, {}, {4}, same, {}), ShapeError);
  for (const Index batch : {0, 1, 3}) {
    const Value other = tape.sample(Tensor::zeros({batch, 3}));
    EXPECT_THROW(tape.record_per_sample("f", {x, other}, {}, {3}, same, {}), SampleMixingError);
  }
  const auto losses = [&](std::vector<Tensor> gradients) {
    Tape own;
    const Value y = own.record_per_sample("f", {own.sample(Tensor::zeros({2, 3}))}, {w}, {3}, same,
                                          [=](std::span<const Tensor>, const Tensor&) { return gradients; });
    Kept kept;
    own.backward(sum(own, y, 1), kept);
  };
  EXPECT_NO_THROW(losses({Tensor::zeros({3}), Tensor::zeros({3})}));
  EXPECT_THROW(losses({Tensor::zeros({3})}), ShapeError);
  EXPECT_THROW(losses({Tensor::zeros({3}), Tensor::zeros({2})}), ShapeError);
}

}  // namespace
}  // namespace dpml
