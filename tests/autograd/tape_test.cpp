#include "dpml/autograd/tape.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dpml/base/error.h"

namespace dpml {
namespace {

/// What backward reported, in order.
class Record final : public GradientSink {
 public:
  struct Entry {
    const Parameter* parameter;
    Tensor gradient;  // [B, parameter...]
  };

  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    entries.push_back({&parameter, gradient.to_dense()});
  }

  std::vector<Entry> entries;
};

std::vector<float> numbers(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

Tensor column(std::initializer_list<float> values) {
  return Tensor::from(Shape{static_cast<Index>(values.size())}, std::vector<float>(values));
}

/// y[b] = x[b] * p for a parameter of one number: the smallest operation with a weight.
Value scaled_by(Tape& tape, const Value& x, const Parameter& p, int* calls = nullptr) {
  const float factor = p.tensor().data()[0];
  Tensor y(x.shape());
  for (Index b = 0; b < y.size(); ++b) y.mutable_data()[b] = factor * x.tensor().data()[b];
  return tape.record_trusted("scaled_by", {x}, {p}, std::move(y),
                             [x, &p, factor, calls](const Tensor& dy, Cotangents& send) {
                               send.to(p, [&] {
                                 if (calls != nullptr) ++*calls;
                                 Tensor g(Shape{dy.size(), 1});
                                 for (Index b = 0; b < dy.size(); ++b)
                                   g.mutable_data()[b] = dy.data()[b] * x.tensor().data()[b];
                                 return PerSampleGrad::dense(g);
                               });
                               send.to(x, [&] {
                                 Tensor dx(dy.shape());
                                 for (Index b = 0; b < dy.size(); ++b) dx.mutable_data()[b] = dy.data()[b] * factor;
                                 return dx;
                               });
                             });
}

/// y = a + b; both inputs are sent the very same tensor.
Value plus(Tape& tape, const Value& a, const Value& b) {
  Tensor y(a.shape());
  for (Index i = 0; i < y.size(); ++i) y.mutable_data()[i] = a.tensor().data()[i] + b.tensor().data()[i];
  return tape.record_trusted("plus", {a, b}, {}, std::move(y), [a, b](const Tensor& dy, Cotangents& send) {
    send.to(a, [&] { return dy; });
    send.to(b, [&] { return dy; });
  });
}

class TapeTest : public testing::Test {
 protected:
  Tape tape_;
  Record record_;
  Parameter p_{"p", column({2})};
  Parameter q_{"q", column({5})};
  const Value x_ = tape_.sample(column({1, -3, 4}));
};

TEST_F(TapeTest, SampleValuesHaveABatchAxisAndSharedValuesNone) {
  const Value sample = tape_.sample(Tensor::zeros(Shape{5, 2, 3}));
  EXPECT_EQ(sample.kind(), Kind::sample);
  EXPECT_EQ(sample.sample_shape(), (Shape{2, 3}));
  const Value shared = tape_.shared(Tensor::zeros(Shape{5, 2}));
  EXPECT_EQ(shared.kind(), Kind::shared);
  EXPECT_EQ(shared.sample_shape(), (Shape{5, 2}));
  EXPECT_FALSE(sample.wants_gradient());
  EXPECT_THROW(tape_.sample(Tensor::zeros(Shape{})), ShapeError);
}

TEST_F(TapeTest, GivesEachSampleItsOwnGradient) {
  tape_.backward(scaled_by(tape_, x_, p_), record_);
  ASSERT_EQ(record_.entries.size(), 1U);
  EXPECT_EQ(record_.entries[0].parameter, &p_);
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{1, -3, 4}));
}

TEST_F(TapeTest, FollowsTheChainAndReportsAsSoonAsAParameterIsDone) {
  tape_.backward(scaled_by(tape_, scaled_by(tape_, x_, p_), q_), record_);
  ASSERT_EQ(record_.entries.size(), 2U);
  EXPECT_EQ(record_.entries[0].parameter, &q_);  // the last operation comes first
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{2, -6, 8}));
  EXPECT_EQ(numbers(record_.entries[1].gradient), (std::vector<float>{5, -15, 20}));
}

TEST_F(TapeTest, AddsTwoUsesOfAParameterAndReportsItOnce) {
  // loss = x p q p, used first and last: nothing may be reported before the first operation is visited.
  const Value y = scaled_by(tape_, scaled_by(tape_, scaled_by(tape_, x_, p_), q_), p_);
  tape_.backward(y, record_);
  ASSERT_EQ(record_.entries.size(), 2U);
  EXPECT_EQ(record_.entries[0].parameter, &q_);
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{4, -12, 16}));
  EXPECT_EQ(record_.entries[1].parameter, &p_);
  EXPECT_EQ(numbers(record_.entries[1].gradient), (std::vector<float>{20, -60, 80}));  // 2 p q x
}

TEST_F(TapeTest, AddsTwoUsesWithinOneOperation) {
  // loss = x p p as one operation that names p twice.
  Tensor y(x_.shape());
  for (Index b = 0; b < 3; ++b) y.mutable_data()[b] = 4 * x_.tensor().data()[b];
  const Value loss = tape_.record_trusted("square", {x_}, {p_, p_}, y, [this](const Tensor& dy, Cotangents& send) {
    for (int use = 0; use < 2; ++use) {
      send.to(p_, [&] {
        Tensor g(Shape{3, 1});
        for (Index b = 0; b < 3; ++b) g.mutable_data()[b] = dy.data()[b] * x_.tensor().data()[b] * 2;
        return PerSampleGrad::dense(g);
      });
    }
  });
  tape_.backward(loss, record_);
  ASSERT_EQ(record_.entries.size(), 1U);
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{4, -12, 16}));
}

TEST_F(TapeTest, AddsTheGradientsOfAValueUsedTwice) {
  const Value y = scaled_by(tape_, x_, p_);
  const Value twice = plus(tape_, y, y);
  const Value loss = plus(tape_, twice, scaled_by(tape_, y, q_));  // 7 y
  tape_.backward(loss, record_);
  ASSERT_EQ(record_.entries.size(), 2U);
  EXPECT_EQ(record_.entries[1].parameter, &p_);
  EXPECT_EQ(numbers(record_.entries[1].gradient), (std::vector<float>{7, -21, 28}));
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{2, -6, 8}));
}

TEST_F(TapeTest, AGradientSentToTwoValuesIsNotChangedThroughOneOfThem) {
  const Value a = scaled_by(tape_, x_, p_);
  const Value b = scaled_by(tape_, x_, q_);
  const Value both = plus(tape_, a, b);     // sends one tensor to a and b ...
  const Value loss = plus(tape_, both, a);  // ... and here more comes to a
  tape_.backward(loss, record_);
  ASSERT_EQ(record_.entries.size(), 2U);
  for (const Record::Entry& entry : record_.entries) {
    const float uses = entry.parameter == &p_ ? 2 : 1;
    EXPECT_EQ(numbers(entry.gradient), (std::vector<float>{uses, -3 * uses, 4 * uses}));
  }
}

TEST_F(TapeTest, SaysNothingOfParametersThatTheLossDoesNotDependOn) {
  const Value loss = scaled_by(tape_, x_, p_);
  int calls = 0;
  scaled_by(tape_, x_, q_, &calls);
  scaled_by(tape_, x_, p_, &calls);
  tape_.backward(loss, record_);
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(record_.entries.size(), 1U);
  EXPECT_EQ(record_.entries[0].parameter, &p_);
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{1, -3, 4}));
}

TEST_F(TapeTest, RunsNothingForAFrozenParameterAndStillPassesGradientsThrough) {
  q_.set_trainable(false);
  int frozen_calls = 0;
  const Value loss = scaled_by(tape_, scaled_by(tape_, x_, p_), q_, &frozen_calls);
  tape_.backward(loss, record_);
  EXPECT_EQ(frozen_calls, 0);
  ASSERT_EQ(record_.entries.size(), 1U);
  EXPECT_EQ(record_.entries[0].parameter, &p_);
  EXPECT_EQ(numbers(record_.entries[0].gradient), (std::vector<float>{5, -15, 20}));
}

TEST_F(TapeTest, RecordsNothingWhereNothingIsTrainable) {
  p_.set_trainable(false);
  const Value y = scaled_by(tape_, x_, p_);
  EXPECT_FALSE(y.wants_gradient());
  EXPECT_EQ(tape_.recorded_numbers(), 0);
  tape_.backward(y, record_);
  EXPECT_TRUE(record_.entries.empty());
}

TEST_F(TapeTest, KeepsNothingWhenGradientsAreOff) {
  Tape tape({.training = false, .gradients = false, .sample_ids = {}, .mask_key = 0});
  const Value y = scaled_by(tape, tape.sample(column({1, 2})), p_);
  EXPECT_EQ(numbers(y.tensor()), (std::vector<float>{2, 4}));
  EXPECT_FALSE(y.wants_gradient());
  EXPECT_EQ(tape.recorded_numbers(), 0);
}

TEST_F(TapeTest, CountsTheNumbersItKeeps) {
  const Value y = scaled_by(tape_, x_, p_);
  EXPECT_EQ(tape_.recorded_numbers(), 3);
  plus(tape_, y, x_);
  EXPECT_EQ(tape_.recorded_numbers(), 6);
  plus(tape_, x_, x_);  // wants no gradient
  EXPECT_EQ(tape_.recorded_numbers(), 6);
}

TEST_F(TapeTest, AnEmptyBatchIsAnOrdinaryOne) {
  const Value empty = tape_.sample(Tensor::zeros(Shape{0}));
  tape_.backward(scaled_by(tape_, scaled_by(tape_, empty, p_), p_), record_);
  ASSERT_EQ(record_.entries.size(), 1U);
  EXPECT_EQ(record_.entries[0].gradient.shape(), (Shape{0, 1}));
}

TEST_F(TapeTest, RefusesByNameAResultThatLosesTheBatchAxis) {
  const auto nothing = [](const Tensor&, Cotangents&) {};
  const auto message = [&](const Shape& result) -> std::string {
    try {
      tape_.record_trusted("batch_mean", {x_}, {}, Tensor::zeros(result), nothing);
    } catch (const SampleMixingError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(Shape{3, 7}), "accepted");
  EXPECT_EQ(
      message(Shape{}),
      "batch_mean: the result [] does not keep the batch axis of its input [3], so samples would mix. Keep axis 0 "
      "as it is.");
  EXPECT_NE(message(Shape{1}), "accepted");
  EXPECT_NE(message(Shape{0}), "accepted");
  EXPECT_NE(message(Shape{4}), "accepted");
  const Value other_batch = tape_.sample(column({1, 2}));
  EXPECT_THROW(tape_.record_trusted("plus", {x_, other_batch}, {}, Tensor::zeros(Shape{3}), nothing),
               SampleMixingError);
}

TEST_F(TapeTest, RefusesByNameATrainableParameterThatMeetsNoSample) {
  const Value constant = tape_.shared(column({1, 2, 3}));
  try {
    scaled_by(tape_, constant, p_);
    FAIL() << "the gradient of a parameter beside a shared value cannot be kept per sample";
  } catch (const SampleMixingError& error) {
    EXPECT_EQ(std::string(error.what()).find("scaled_by: a trainable parameter meets no sample value"), 0U);
  }
  p_.set_trainable(false);
  EXPECT_EQ(scaled_by(tape_, constant, p_).kind(), Kind::shared);
}

TEST_F(TapeTest, SharedValuesBesideSamplesGiveSamplesAndMayHaveAnyShape) {
  const Value constant = tape_.shared(Tensor::zeros(Shape{9, 9}));
  const auto nothing = [](const Tensor&, Cotangents&) {};
  EXPECT_EQ(tape_.record_trusted("op", {x_, constant}, {}, Tensor::zeros(Shape{3, 2}), nothing).kind(), Kind::sample);
  EXPECT_EQ(tape_.record_trusted("op", {constant, constant}, {}, Tensor::zeros(Shape{4}), nothing).kind(),
            Kind::shared);
}

TEST_F(TapeTest, WalksBackOnlyFromOneLossForEachSample) {
  EXPECT_THROW(tape_.backward(tape_.shared(column({1, 2, 3})), record_), ShapeError);
  EXPECT_THROW(tape_.backward(tape_.sample(Tensor::zeros(Shape{3, 1})), record_), ShapeError);
}

TEST_F(TapeTest, RefusesToWalkBackTwice) {
  const Value loss = scaled_by(tape_, x_, p_);
  tape_.backward(loss, record_);
  EXPECT_THROW(tape_.backward(loss, record_), Error);
  EXPECT_EQ(record_.entries.size(), 1U);
}

TEST_F(TapeTest, RefusesGradientsOfAnotherShapeThanTheirTarget) {
  const Value y = scaled_by(tape_, x_, p_);
  const Value to_value = tape_.record_trusted(
      "op", {y}, {}, Tensor::zeros(Shape{3}),
      [y](const Tensor&, Cotangents& send) { send.to(y, [] { return Tensor::zeros(Shape{4}); }); });
  EXPECT_THROW(tape_.backward(to_value, record_), ShapeError);

  Tape tape;
  const Value x = tape.sample(column({1}));
  const Value to_parameter = tape.record_trusted("op", {x}, {p_}, column({1}), [this](const Tensor&, Cotangents& send) {
    send.to(p_, [] { return PerSampleGrad::dense(Tensor::zeros(Shape{1, 2})); });
  });
  EXPECT_THROW(tape.backward(to_parameter, record_), ShapeError);
}

TEST_F(TapeTest, RefusesAGradientForAParameterThatTheOperationDidNotDeclare) {
  const Value loss = tape_.record_trusted("op", {x_}, {p_}, column({1, 2, 3}), [this](const Tensor&, Cotangents& send) {
    send.to(q_, [] { return PerSampleGrad::dense(Tensor::zeros(Shape{3, 1})); });
  });
  EXPECT_THROW(tape_.backward(loss, record_), InternalError);
}

TEST_F(TapeTest, NumbersItsRandomLayersTheSameInEveryPass) {
  EXPECT_EQ(tape_.next_mask_index(), 0U);
  EXPECT_EQ(tape_.next_mask_index(), 1U);
  Tape another;
  EXPECT_EQ(another.next_mask_index(), 0U);
}

}  // namespace
}  // namespace dpml
