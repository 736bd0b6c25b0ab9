#include "dpml/base/error.h"
#include "op_check.h"

namespace dpml {
namespace {

/// sum_k x[i,k] y[k,j] of plain matrices, in double.
Tensor slow_product(const Tensor& x, const Tensor& y) {
  Tensor z(Shape{x.axis(0), y.axis(1)});
  for (Index i = 0; i < x.axis(0); ++i) {
    for (Index j = 0; j < y.axis(1); ++j) {
      double sum = 0;
      for (Index k = 0; k < x.axis(1); ++k) {
        sum += static_cast<double>(x.data()[i * x.axis(1) + k]) * static_cast<double>(y.data()[k * y.axis(1) + j]);
      }
      z.mutable_data()[i * y.axis(1) + j] = static_cast<float>(sum);
    }
  }
  return z;
}

void expect_near(const Tensor& got, const Tensor& want) {
  ASSERT_EQ(got.size(), want.size());
  for (Index i = 0; i < got.size(); ++i) EXPECT_NEAR(got.data()[i], want.data()[i], 1e-5) << i;
}

Tensor matrix(const Tensor& stack, Index i) {
  const Shape shape = stack.shape();
  return stack.reshaped({stack.size() / (shape[-2] * shape[-1]), shape[-2], shape[-1]})
      .rows(i, i + 1)
      .reshaped({shape[-2], shape[-1]});
}

TEST(Matmul, MultipliesEachSamplesMatrices) {
  Tape tape;
  const Tensor x = numbers({2, 3, 4, 5}, 1);
  const Tensor y = numbers({2, 3, 5, 2}, 2);
  const Value z = matmul(tape, tape.sample(x), tape.sample(y));
  ASSERT_EQ(z.shape(), (Shape{2, 3, 4, 2}));
  for (Index i = 0; i < 6; ++i) expect_near(matrix(z.tensor(), i), slow_product(matrix(x, i), matrix(y, i)));
}

TEST(Matmul, MeetsASharedMatrixOnEitherSide) {
  Tape tape;
  const Tensor x = numbers({2, 4, 5}, 1);
  const Tensor right = numbers({5, 3}, 2);
  const Tensor left = numbers({6, 4}, 3);
  const Value z = matmul(tape, tape.sample(x), tape.shared(right));
  const Value w = matmul(tape, tape.shared(left), tape.sample(x));
  ASSERT_EQ(z.shape(), (Shape{2, 4, 3}));
  ASSERT_EQ(w.shape(), (Shape{2, 6, 5}));
  for (Index i = 0; i < 2; ++i) {
    expect_near(matrix(z.tensor(), i), slow_product(matrix(x, i), right));
    expect_near(matrix(w.tensor(), i), slow_product(left, matrix(x, i)));
  }
  expect_near(matmul(tape, tape.sample(x.rows(0, 1).reshaped({4, 5})), tape.shared(right)).tensor(),
              slow_product(matrix(x, 0), right));
  EXPECT_EQ(matmul(tape, tape.shared(left), tape.shared(matrix(x, 0))).kind(), Kind::shared);
}

TEST(Matmul, AppliesAParameterToTheLastAxis) {
  Tape tape;
  const Tensor x = numbers({2, 3, 4}, 1);
  const Tensor weight = numbers({5, 4}, 2);
  const Parameter p("weight", weight);
  const Value y = matmul(tape, tape.sample(x), p);
  ASSERT_EQ(y.shape(), (Shape{2, 3, 5}));
  const Value turned = transpose(tape, tape.shared(weight), 0, 1);
  expect_near(y.tensor(), slow_product(x.reshaped({6, 4}), turned.tensor()));
}

TEST(Matmul, HasTheRightGradients) {
  OpCheck([](Tape& t, const auto& v) { return matmul(t, v[0], v[1]); })
      .sample(numbers({3, 2, 4}, 1))
      .sample(numbers({3, 4, 3}, 2))
      .run();
  OpCheck([](Tape& t, const auto& v) { return matmul(t, v[0], v[1]); })
      .sample(numbers({2, 2, 2, 3}, 1))
      .sample(numbers({2, 2, 3, 2}, 2))
      .run();
  OpCheck([](Tape& t, const auto& v) {
    return matmul(t, v[0], t.shared(numbers({4, 3}, 3)));
  })
      .sample(numbers({3, 2, 4}))
      .bits_may_depend_on_batch()
      .run();
  OpCheck([](Tape& t, const auto& v) {
    return matmul(t, t.shared(numbers({3, 2}, 3)), v[0]);
  })
      .sample(numbers({3, 2, 4}))
      .run();
  Parameter p("weight", numbers({3, 4}, 4));
  for (const Shape& shape : {Shape{3, 4}, Shape{3, 2, 4}, Shape{3, 0, 4}}) {
    OpCheck([&](Tape& t, const auto& v) { return matmul(t, v[0], p); })
        .sample(numbers(shape))
        .parameter(p)
        .bits_may_depend_on_batch()
        .run();
  }
}

TEST(Matmul, RefusesToContractOrPairSamples) {
  Tape tape;
  const Value rows = tape.sample(numbers({4, 3}));
  const Value stack = tape.sample(numbers({4, 3, 4}));
  const Parameter p("weight", numbers({2, 4}));
  EXPECT_WORDS("matmul: axis 0 of [4, 3] is the batch",
               words_of<SampleMixingError>([&] { matmul(tape, stack, rows); }));
  EXPECT_WORDS("matmul: axis 0 of [4, 3] is the batch", words_of<SampleMixingError>([&] {
                 matmul(tape, tape.shared(numbers({3, 4})), rows);
               }));
  EXPECT_WORDS("matmul: axis 0 of [4, 3] is the batch",
               words_of<SampleMixingError>([&] { matmul(tape, rows, stack); }));
  EXPECT_WORDS("matmul: the batches of [4, 3, 4] and [2, 4, 3] differ", words_of<SampleMixingError>([&] {
                 matmul(tape, stack, tape.sample(numbers({2, 4, 3})));
               }));
  EXPECT_WORDS("matmul: axis 0 of [4] is the batch",
               words_of<SampleMixingError>([&] { matmul(tape, tape.sample(numbers({4})), p); }));
}

TEST(Matmul, SaysWhichShapesDoNotFit) {
  Tape tape;
  const Value x = tape.sample(numbers({4, 3, 4}));
  const Parameter p("weight", numbers({2, 3}));
  const Parameter flat("flat", numbers({3}));
  EXPECT_WORDS("the shapes of [4, 3, 4] and [3, 3]", words_of<ShapeError>([&] {
                 matmul(tape, x, tape.shared(numbers({3, 3})));
               }));
  EXPECT_WORDS("a shared value beside a sample one is a single matrix", words_of<ShapeError>([&] {
                 matmul(tape, x, tape.shared(numbers({4, 4, 3})));
               }));
  EXPECT_WORDS("the axes before the last two differ", words_of<ShapeError>([&] {
                 matmul(tape, x, tape.sample(numbers({4, 1, 4, 3})));
               }));
  EXPECT_WORDS("expected two axes or more", words_of<ShapeError>([&] { matmul(tape, x, tape.shared(numbers({4}))); }));
  EXPECT_WORDS("parameter \"weight\" [2, 3] expects 3 numbers in the last axis of x, got [4, 3, 4]",
               words_of<ShapeError>([&] { matmul(tape, x, p); }));
  EXPECT_WORDS("expected two axes, [out, in]", words_of<ShapeError>([&] { matmul(tape, x, flat); }));
}

}  // namespace
}  // namespace dpml
