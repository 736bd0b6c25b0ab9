#include "dpml/base/error.h"
#include "op_check.h"

namespace dpml {
namespace {

Tensor counted(const Shape& shape) {
  Tensor tensor(shape);
  for (Index i = 0; i < tensor.size(); ++i) tensor.mutable_data()[i] = static_cast<float>(i);
  return tensor;
}

TEST(Reshape, GivesSamplesAnotherShapeAndKeepsTheBatch) {
  Tape tape;
  const Value y = reshape(tape, tape.sample(counted({2, 6})), {2, 3});
  EXPECT_EQ(y.shape(), (Shape{2, 2, 3}));
  EXPECT_TRUE(same_bits(y.tensor(), counted({2, 2, 3})));
  EXPECT_EQ(reshape(tape, tape.shared(counted({2, 6})), {4, 3}).shape(), (Shape{4, 3}));
  EXPECT_EQ(reshape(tape, tape.sample(counted({2})), {1, 1}).shape(), (Shape{2, 1, 1}));
  OpCheck([](Tape& t, const auto& v) { return reshape(t, v[0], {3, 2}); }).sample(numbers({3, 6})).run();
}

TEST(Reshape, RefusesToMoveNumbersBetweenSamples) {
  Tape tape;
  const Value x = tape.sample(counted({6, 4}));
  EXPECT_WORDS("reshape: a value [4] has 4 numbers, [6, 4] has 24, so the batch axis would change",
               words_of<SampleMixingError>([&] {
                 reshape(tape, x, {6, 4});
               }));
  words_of<SampleMixingError>([&] { reshape(tape, x, {2}); });
  EXPECT_WORDS("[4] has 4 numbers, [5] has 5; expected the same", words_of<ShapeError>([&] { reshape(tape, x, {5}); }));
}

TEST(Transpose, SwapsTwoAxesOfTheSample) {
  Tape tape;
  const Tensor x = counted({2, 3, 4, 5});
  for (const auto& [first, second] : {std::pair<Index, Index>{1, 2}, {1, 3}, {3, 2}, {-1, 1}}) {
    const Value y = transpose(tape, tape.sample(x), first, second);
    std::vector<Index> order{0, 1, 2, 3};
    std::swap(order[static_cast<std::size_t>(first < 0 ? first + 4 : first)], order[static_cast<std::size_t>(second)]);
    std::array<Index, 4> at{};
    for (Index i = 0; i < y.tensor().size(); ++i) {
      Index rest = i;
      for (Index axis = 3; axis >= 0; --axis) {
        at[static_cast<std::size_t>(order[static_cast<std::size_t>(axis)])] = rest % y.shape()[axis];
        rest /= y.shape()[axis];
      }
      EXPECT_EQ(y.tensor().data()[i], x.data()[((at[0] * 3 + at[1]) * 4 + at[2]) * 5 + at[3]]);
    }
  }
  EXPECT_EQ(transpose(tape, tape.sample(x), 2, 2).shape(), x.shape());
}

TEST(Transpose, HasTheRightGradient) {
  OpCheck([](Tape& t, const auto& v) { return transpose(t, v[0], 1, 3); }).sample(numbers({2, 3, 2, 4})).run();
  OpCheck([](Tape& t, const auto& v) { return transpose(t, v[0], 1, 2); }).sample(numbers({2, 3, 2, 2})).run();
  OpCheck([](Tape& t, const auto& v) { return transpose(t, v[0], 1, 2); }).sample(Tensor(Shape{2, 3, 0})).run();
}

TEST(Transpose, RefusesTheBatchAxisOfSamplesOnly) {
  Tape tape;
  EXPECT_WORDS("transpose: axis 0 of [2, 3] is the batch, so this would exchange samples and positions. Swap",
               words_of<SampleMixingError>([&] {
                 transpose(tape, tape.sample(counted({2, 3})), -1, 0);
               }));
  EXPECT_EQ(transpose(tape, tape.shared(counted({2, 3})), 0, 1).shape(), (Shape{3, 2}));
  EXPECT_WORDS("transpose: there is no axis 2 in a value of shape [2, 3]", words_of<ShapeError>([&] {
                 transpose(tape, tape.sample(counted({2, 3})), 1, 2);
               }));
}

TEST(Slice, CutsPositionsOfAnAxis) {
  Tape tape;
  const Value y = slice(tape, tape.sample(counted({2, 3, 2})), 1, 1, 3);
  EXPECT_TRUE(same_bits(y.tensor(), Tensor::from({2, 2, 2}, std::vector<float>{2, 3, 4, 5, 8, 9, 10, 11})));
  OpCheck([](Tape& t, const auto& v) { return slice(t, v[0], 1, 1, 3); }).sample(numbers({3, 4, 2})).run();
  OpCheck([](Tape& t, const auto& v) { return slice(t, v[0], -1, 0, 1); }).sample(numbers({3, 4, 2})).run();
  OpCheck([](Tape& t, const auto& v) { return slice(t, v[0], 1, 2, 2); }).sample(numbers({3, 4})).run();
}

TEST(Slice, RefusesToChooseSamples) {
  Tape tape;
  EXPECT_WORDS("slice: axis 0 of [2, 3] is the batch, so this would choose samples", words_of<SampleMixingError>([&] {
                 slice(tape, tape.sample(counted({2, 3})), 0, 0, 1);
               }));
  EXPECT_EQ(slice(tape, tape.shared(counted({2, 3})), 0, 0, 1).shape(), (Shape{1, 3}));
  EXPECT_WORDS("slice: positions [1, 4) of axis 1 of [2, 3]", words_of<ShapeError>([&] {
                 slice(tape, tape.sample(counted({2, 3})), 1, 1, 4);
               }));
}

TEST(Concat, JoinsAlongAnAxis) {
  Tape tape;
  const Value x = tape.sample(Tensor::from({2, 1, 2}, std::vector<float>{1, 2, 3, 4}));
  const Value y = tape.sample(Tensor::from({2, 2, 2}, std::vector<float>{5, 6, 7, 8, 9, 10, 11, 12}));
  const Value z = concat(tape, {x, y}, 1);
  EXPECT_TRUE(
      same_bits(z.tensor(), Tensor::from({2, 3, 2}, std::vector<float>{1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12})));
  EXPECT_EQ(concat(tape, {tape.shared(counted({2, 3})), tape.shared(counted({1, 3}))}, 0).shape(), (Shape{3, 3}));
}

TEST(Concat, RepeatsASharedValueForEverySample) {
  Tape tape;
  const Value first = tape.shared(Tensor::from({1, 2}, std::vector<float>{7, 8}));
  const Value x = tape.sample(Tensor::from({2, 1, 2}, std::vector<float>{1, 2, 3, 4}));
  const Value z = concat(tape, {first, x}, 1);
  EXPECT_TRUE(same_bits(z.tensor(), Tensor::from({2, 2, 2}, std::vector<float>{7, 8, 1, 2, 7, 8, 3, 4})));
}

TEST(Concat, HasTheRightGradients) {
  OpCheck([](Tape& t, const auto& v) {
    return concat(t, {v[0], v[1], v[0]}, 2);
  })
      .sample(numbers({3, 2, 2}, 1))
      .sample(numbers({3, 2, 1}, 2))
      .run();
  OpCheck([](Tape& t, const auto& v) {
    return concat(t, {t.shared(numbers({1, 2})), v[0]}, -2);
  })
      .sample(numbers({3, 2, 2}))
      .run();
  OpCheck([](Tape& t, const auto& v) {
    return concat(t, {v[0], v[1]}, 1);
  })
      .sample(numbers({3, 2}))
      .sample(Tensor(Shape{3, 0}))
      .run();
}

TEST(Concat, RefusesToJoinBatches) {
  Tape tape;
  const Value x = tape.sample(counted({2, 3}));
  EXPECT_WORDS("concat: axis 0 of [2, 3] is the batch, so this would join batches", words_of<SampleMixingError>([&] {
                 concat(tape, {x, x}, 0);
               }));
  EXPECT_WORDS("concat: the batches of [2, 3] and [4, 3] differ", words_of<SampleMixingError>([&] {
                 concat(tape, {x, tape.sample(counted({4, 3}))}, 1);
               }));
  EXPECT_WORDS("concat: [2, 3] and [2, 2, 2] do not agree outside axis 1", words_of<ShapeError>([&] {
                 concat(tape, {x, tape.sample(counted({2, 2, 2}))}, 1);
               }));
  EXPECT_WORDS("concat: no values to join", words_of<ShapeError>([&] { concat(tape, {}, 1); }));
}

}  // namespace
}  // namespace dpml
