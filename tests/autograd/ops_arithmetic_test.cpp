#include "dpml/base/error.h"
#include "op_check.h"

namespace dpml {
namespace {

Tensor of(const Shape& shape, std::vector<float> values) {
  return Tensor::from(shape, values);
}

std::vector<float> listed(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

TEST(Arithmetic, CombinesSamplesElementByElement) {
  Tape tape;
  const Value x = tape.sample(of({2, 2}, {1, 2, 3, 4}));
  const Value y = tape.sample(of({2, 2}, {10, 20, 30, 40}));
  EXPECT_EQ(listed(add(tape, x, y).tensor()), (std::vector<float>{11, 22, 33, 44}));
  EXPECT_EQ(listed(subtract(tape, x, y).tensor()), (std::vector<float>{-9, -18, -27, -36}));
  EXPECT_EQ(listed(multiply(tape, x, y).tensor()), (std::vector<float>{10, 40, 90, 160}));
  EXPECT_EQ(listed(scale(tape, x, 3).tensor()), (std::vector<float>{3, 6, 9, 12}));
}

TEST(Arithmetic, RepeatsASharedValueOverTheLeadingAxes) {
  Tape tape;
  const Value x = tape.sample(of({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}));
  const Value row = tape.shared(of({2}, {10, 20}));
  const Value whole = tape.shared(of({2, 2}, {10, 20, 30, 40}));
  const Value one = tape.shared(of({}, {10}));
  EXPECT_EQ(listed(add(tape, x, row).tensor()), (std::vector<float>{11, 22, 13, 24, 15, 26, 17, 28}));
  EXPECT_EQ(listed(add(tape, whole, x).tensor()), (std::vector<float>{11, 22, 33, 44, 15, 26, 37, 48}));
  EXPECT_EQ(listed(subtract(tape, one, x).tensor()), (std::vector<float>{9, 8, 7, 6, 5, 4, 3, 2}));
  EXPECT_EQ(listed(subtract(tape, x, one).tensor()), (std::vector<float>{-9, -8, -7, -6, -5, -4, -3, -2}));
  EXPECT_EQ(listed(subtract(tape, row, x).tensor()), (std::vector<float>{9, 18, 7, 16, 5, 14, 3, 12}));
  EXPECT_EQ(add(tape, x, row).kind(), Kind::sample);
}

TEST(Arithmetic, LeavesConstantsShared) {
  Tape tape;
  const Value x = tape.shared(of({2, 2}, {1, 2, 3, 4}));
  const Value y = tape.shared(of({2}, {1, 0}));
  const Value z = subtract(tape, y, x);
  EXPECT_EQ(z.kind(), Kind::shared);
  EXPECT_EQ(listed(z.tensor()), (std::vector<float>{0, -2, -2, -4}));
}

TEST(Arithmetic, HasTheRightGradientsAndKeepsSamplesApart) {
  for (const Shape& shape : {Shape{3, 4}, Shape{3, 2, 4}, Shape{3}}) {
    OpCheck([](Tape& t, const auto& v) { return add(t, v[0], v[1]); })
        .sample(numbers(shape, 1))
        .sample(numbers(shape, 2))
        .run();
    OpCheck([](Tape& t, const auto& v) { return subtract(t, v[0], v[1]); })
        .sample(numbers(shape, 1))
        .sample(numbers(shape, 2))
        .run();
    OpCheck([](Tape& t, const auto& v) { return multiply(t, v[0], v[1]); })
        .sample(numbers(shape, 1))
        .sample(numbers(shape, 2))
        .run();
    OpCheck([](Tape& t, const auto& v) { return multiply(t, v[0], v[0]); }).sample(numbers(shape)).run();
    OpCheck([](Tape& t, const auto& v) { return scale(t, v[0], -2.5F); }).sample(numbers(shape)).run();
  }
}

TEST(Arithmetic, HasTheRightGradientsBesideConstants) {
  const Tensor constant = numbers({4}, 5);
  OpCheck([&](Tape& t, const auto& v) { return multiply(t, v[0], t.shared(constant)); })
      .sample(numbers({3, 2, 4}))
      .run();
  OpCheck([&](Tape& t, const auto& v) { return multiply(t, t.shared(constant), v[0]); })
      .sample(numbers({3, 2, 4}))
      .run();
  OpCheck([&](Tape& t, const auto& v) { return subtract(t, t.shared(constant), v[0]); }).sample(numbers({3, 4})).run();
  OpCheck([&](Tape& t, const auto& v) { return add(t, v[0], t.shared(constant)); }).sample(numbers({3, 4})).run();
}

TEST(Arithmetic, KeepsAParametersGradientPerSample) {
  Parameter row("row", numbers({4}, 3));
  Parameter whole("whole", numbers({2, 4}, 3));
  Parameter one("one", numbers({}, 3));
  for (Parameter* p : {&row, &whole, &one}) {
    OpCheck([&](Tape& t, const auto& v) { return add(t, v[0], *p); }).sample(numbers({3, 2, 4})).parameter(*p).run();
    OpCheck([&](Tape& t, const auto& v) { return multiply(t, v[0], *p); })
        .sample(numbers({3, 2, 4}))
        .parameter(*p)
        .run();
  }
}

TEST(Arithmetic, WorksWithoutNumbers) {
  Parameter none("none", Tensor(Shape{0}));
  Parameter row("row", numbers({4}, 3));
  OpCheck([&](Tape& t, const auto& v) { return add(t, v[0], none); }).sample(Tensor(Shape{3, 0})).parameter(none).run();
  OpCheck([&](Tape& t, const auto& v) { return multiply(t, v[0], row); })
      .sample(Tensor(Shape{3, 0, 4}))
      .parameter(row)
      .run();
  OpCheck([](Tape& t, const auto& v) { return add(t, v[0], v[1]); })
      .sample(Tensor(Shape{0, 4}))
      .sample(Tensor(Shape{0, 4}))
      .run();
}

TEST(Arithmetic, RefusesToPairDifferentBatches) {
  Tape tape;
  const Value x = tape.sample(numbers({4, 3}));
  const Value y = tape.sample(numbers({1, 3}));
  EXPECT_WORDS("multiply: the batches of [4, 3] and [1, 3] differ",
               words_of<SampleMixingError>([&] { multiply(tape, x, y); }));
}

TEST(Arithmetic, RefusesAConstantThatSpansTheBatch) {
  Tape tape;
  const Value x = tape.sample(numbers({4, 3}));
  const Value y = tape.shared(numbers({4, 3}));
  EXPECT_WORDS("spans the batch axis", words_of<SampleMixingError>([&] { add(tape, x, y); }));
}

TEST(Arithmetic, SaysWhichShapesDoNotFit) {
  Tape tape;
  const Parameter p("bias", numbers({5}));
  const Value x = tape.sample(numbers({4, 3}));
  EXPECT_WORDS("add: samples of shape [3] and [2]", words_of<ShapeError>([&] {
                 add(tape, x, tape.sample(numbers({4, 2})));
               }));
  EXPECT_WORDS("add: a shared value of shape [2] meets samples of shape [3]",
               words_of<ShapeError>([&] { add(tape, x, tape.shared(numbers({2}))); }));
  EXPECT_WORDS("add: parameter \"bias\" has shape [5], samples have shape [3]",
               words_of<ShapeError>([&] { add(tape, x, p); }));
  EXPECT_WORDS("shared values of shape [3] and [2]",
               words_of<ShapeError>([&] { add(tape, tape.shared(numbers({3})), tape.shared(numbers({2}))); }));
}

TEST(Arithmetic, RefusesATrainableParameterBesideConstantsOnly) {
  Tape tape;
  Parameter p("weight", numbers({3}));
  const Value x = tape.shared(numbers({3}));
  EXPECT_WORDS("multiply: a trainable parameter meets no sample value",
               words_of<SampleMixingError>([&] { multiply(tape, x, p); }));
  p.set_trainable(false);
  EXPECT_EQ(multiply(tape, x, p).kind(), Kind::shared);
}

}  // namespace
}  // namespace dpml
