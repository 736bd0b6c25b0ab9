#include "dpml/base/error.h"
#include "op_check.h"

namespace dpml {
namespace {

TEST(Sum, AddsAlongAnAxisThatGoesAway) {
  Tape tape;
  const Value x = tape.sample(Tensor::from({2, 2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_TRUE(same_bits(sum(tape, x, 1).tensor(), Tensor::from({2, 3}, std::vector<float>{5, 7, 9, 17, 19, 21})));
  EXPECT_TRUE(same_bits(sum(tape, x, -1).tensor(), Tensor::from({2, 2}, std::vector<float>{6, 15, 24, 33})));
  EXPECT_TRUE(same_bits(mean(tape, x, 2).tensor(), Tensor::from({2, 2}, std::vector<float>{2, 5, 8, 11})));
  EXPECT_TRUE(same_bits(sum(tape, tape.shared(x.tensor()), 0).tensor(),
                        Tensor::from({2, 3}, std::vector<float>{8, 10, 12, 14, 16, 18})));
}

TEST(Sum, HasTheRightGradientAndKeepsSamplesApart) {
  for (const Index axis : {1, 2, -1}) {
    OpCheck([&](Tape& t, const auto& v) { return sum(t, v[0], axis); }).sample(numbers({3, 4, 2})).run();
    OpCheck([&](Tape& t, const auto& v) { return mean(t, v[0], axis); }).sample(numbers({3, 4, 2})).run();
    OpCheck([&](Tape& t, const auto& v) { return mean(t, v[0], axis); }).sample(numbers({3, 40, 37})).bits_only().run();
  }
}

TEST(Mean, OfNoNumbersIsZero) {
  Tape tape;
  const Value y = mean(tape, tape.sample(Tensor(Shape{2, 0, 3})), 1);
  EXPECT_TRUE(same_bits(y.tensor(), Tensor::zeros({2, 3})));
  OpCheck([](Tape& t, const auto& v) { return mean(t, v[0], 1); }).sample(Tensor(Shape{2, 0})).run();
}

TEST(Sum, RefusesToAddSamples) {
  Tape tape;
  const Value x = tape.sample(numbers({3, 4}));
  EXPECT_WORDS("sum: axis 0 of [3, 4] is the batch, so this would add samples together. Keep one number per sample",
               words_of<SampleMixingError>([&] { sum(tape, x, 0); }));
  EXPECT_WORDS("mean: axis 0 of [3, 4] is the batch, so this would average samples",
               words_of<SampleMixingError>([&] { mean(tape, x, -2); }));
  EXPECT_WORDS("mean: there is no axis 2", words_of<ShapeError>([&] { mean(tape, x, 2); }));
}

TEST(Softmax, AgreesWithDoubleAlsoForExtremeNumbers) {
  Tape tape;
  const Tensor x = Tensor::from({3, 3}, std::vector<float>{0.5F, -1, 2, 1e4F, -1e4F, 9999, -1e4F, -1e4F, -1e4F});
  const Tensor y = softmax(tape, tape.sample(x)).tensor();
  for (Index row = 0; row < 3; ++row) {
    double largest = -1e9;
    for (Index i = 0; i < 3; ++i) largest = std::max(largest, static_cast<double>(x.data()[3 * row + i]));
    double total = 0;
    for (Index i = 0; i < 3; ++i) total += std::exp(static_cast<double>(x.data()[3 * row + i]) - largest);
    for (Index i = 0; i < 3; ++i) {
      EXPECT_NEAR(y.data()[3 * row + i], std::exp(static_cast<double>(x.data()[3 * row + i]) - largest) / total, 3e-7);
    }
  }
}

TEST(Softmax, HasTheRightGradientAndKeepsSamplesApart) {
  for (const Shape& shape : {Shape{3, 5}, Shape{2, 3, 4}, Shape{3, 1}, Shape{3, 0}, Shape{3, 0, 2}}) {
    OpCheck([](Tape& t, const auto& v) { return softmax(t, v[0]); }).sample(numbers(shape)).run();
  }
  OpCheck([](Tape& t, const auto& v) { return softmax(t, v[0]); }).sample(numbers({5, 3, 67})).bits_only().run();
}

TEST(Softmax, RefusesToNormaliseOverSamples) {
  Tape tape;
  EXPECT_WORDS("softmax: axis 0 of [3] is the batch, so this would normalise over samples",
               words_of<SampleMixingError>([&] { softmax(tape, tape.sample(numbers({3}))); }));
}

}  // namespace
}  // namespace dpml
