#include "dpml/dpsgd/clipped_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "autograd/random_tensor.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
#include "dpml/dpsgd/sample_groups.h"
#include "dpsgd/released.h"

namespace dpml {
namespace {

constexpr Index kPositions = 3, kOut = 6, kIn = 5, kBias = 4;
constexpr Index kNumbers = kOut * kIn + kBias;

/// Gradients of a weight (as factors) and a bias (as they are), made by hand.
struct Samples {
  Tensor u;     // [B, T, out]
  Tensor v;     // [B, T, in]
  Tensor bias;  // [B, kBias]

  Index size() const { return u.axis(0); }

  std::vector<PerSampleGrad> gradients(Index begin, Index end) const {
    return {PerSampleGrad::outer(u.rows(begin, end), v.rows(begin, end)), PerSampleGrad::dense(bias.rows(begin, end))};
  }

  /// All numbers of one sample's gradient: weight, then bias.
  std::vector<double> gradient(Index b) const {
    std::vector<double> g(kNumbers);
    for (Index t = b * kPositions; t < (b + 1) * kPositions; ++t) {
      for (Index i = 0; i < kOut * kIn; ++i) {
        g[static_cast<std::size_t>(i)] +=
            static_cast<double>(u.data()[t * kOut + i / kIn]) * static_cast<double>(v.data()[t * kIn + i % kIn]);
      }
    }
    for (Index i = 0; i < kBias; ++i) g[static_cast<std::size_t>(kOut * kIn + i)] = bias.data()[b * kBias + i];
    return g;
  }
};

Samples random_samples(Index count, std::uint64_t seed) {
  return {random_tensor(Shape{count, kPositions, kOut}, seed), random_tensor(Shape{count, kPositions, kIn}, seed + 1),
          random_tensor(Shape{count, kBias}, seed + 2)};
}

/// The same gradient `count` times: the weight's numbers are `size` * kPositions, the bias is 0.
Samples equal_samples(Index count, float size) {
  return {Tensor::filled(Shape{count, kPositions, kOut}, size), Tensor::filled(Shape{count, kPositions, kIn}, 1),
          Tensor::zeros(Shape{count, kBias})};
}

/// [A, ...] and [B, ...] -> [A + B, ...].
Tensor joined(const Tensor& a, const Tensor& b) {
  Tensor both(a.shape().with_axis(0, a.axis(0) + b.axis(0)));
  std::copy_n(b.data(), b.size(), std::copy_n(a.data(), a.size(), both.mutable_data()));
  return both;
}

Samples joined(const Samples& a, const Samples& b) {
  return {joined(a.u, b.u), joined(a.v, b.v), joined(a.bias, b.bias)};
}

double length(const std::vector<double>& g) {
  double squares = 0;
  for (const double value : g) squares += value * value;
  return std::sqrt(squares);
}

std::vector<double> plain_clipped_sum(const Samples& samples, double clip_bound) {
  std::vector<double> sum(kNumbers);
  for (Index b = 0; b < samples.size(); ++b) {
    const std::vector<double> g = samples.gradient(b);
    const double factor = std::min(1.0, clip_bound / length(g));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += factor * g[i];
  }
  return sum;
}

class ClippedSumTest : public testing::Test {
 protected:
  Parameter weight_{"weight", Tensor::zeros(Shape{kOut, kIn})};
  Parameter bias_{"bias", Tensor::zeros(Shape{kBias})};
  const std::vector<Parameter*> parameters_{&weight_, &bias_};

  ClippedSum empty_sum(double clip_bound, int lanes = 1) const {
    return noiseless_memory(clip_bound, parameters_, lanes).begin();
  }

  /// In groups of kGroup samples that go round the lanes, each in physical batches.
  static constexpr Index kGroup = 100;
  void add(ClippedSum& sum, const Samples& samples, Index physical_batch) const {
    for (Index group = 0; group * kGroup < samples.size(); ++group) {
      const auto lane = static_cast<int>(group % sum.lanes());
      const Index end = std::min(samples.size(), (group + 1) * kGroup);
      sum.begin_group(lane);
      for (Index begin = group * kGroup; begin < end; begin += physical_batch) {
        sum.add(lane, samples.gradients(begin, std::min(end, begin + physical_batch)));
      }
    }
  }

  static std::vector<float> numbers(const NoisyGradient& gradient) {
    std::vector<float> all;
    for (const Tensor& tensor : gradient.tensors()) all.insert(all.end(), tensor.data(), tensor.data() + tensor.size());
    return all;
  }

  std::vector<float> clipped_sum(const Samples& samples, double clip_bound, Index physical_batch = 7) const {
    ClippedSum sum = empty_sum(clip_bound);
    add(sum, samples, physical_batch);
    return numbers(released(std::move(sum)));
  }
};

TEST_F(ClippedSumTest, IsTheSumOfAPlainLoopWithTheSameBitsForAnyLanesAndPhysicalBatches) {
  const Samples samples = random_samples(300, 1);  // lengths between about 2 and 25
  for (const double clip_bound : {0.5, 8.0, 1e4, std::numeric_limits<double>::infinity()}) {
    const std::vector<double> expected = plain_clipped_sum(samples, clip_bound / (1 + ClipRule::kRoundingSlack));
    std::vector<float> first;
    for (const int lanes : {1, 2, 16}) {
      for (const Index physical_batch : {1, 3, 64, 300}) {
        ClippedSum sum = empty_sum(clip_bound, lanes);
        add(sum, samples, physical_batch);
        const std::vector<float> got = numbers(released(std::move(sum)));
        if (first.empty()) first = got;
        if (!std::isinf(clip_bound)) {
          ASSERT_EQ(got, first) << "lanes " << lanes << ", physical batch " << physical_batch;
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
          // Terms have both signs, so rounding is measured by their number, not by their sum.
          ASSERT_NEAR(got[i], expected[i], 1e-6 * 300 * std::min(clip_bound, 8.0))
              << "bound " << clip_bound << ", lanes " << lanes << ", physical batch " << physical_batch;
        }
      }
    }
  }
}

TEST_F(ClippedSumTest, LosesNothingOverManySamples) {
  const Samples samples = equal_samples(20000, 0.1F);
  const std::vector<double> expected = plain_clipped_sum(samples, 1 / (1 + ClipRule::kRoundingSlack));
  const std::vector<float> got = clipped_sum(samples, 1, 9);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6 * expected[0]);
}

TEST_F(ClippedSumTest, ClipsWhatATapeSendsAsGradientsMadeByHand) {
  const Index batch = 5;
  const Tensor x = random_tensor(Shape{batch, kIn}, 5);
  Parameter only_weight("weight", random_tensor(Shape{1, kIn}, 6));
  const std::vector<Parameter*> parameters{&only_weight};
  ClippedSum by_tape = noiseless_memory(1.5, parameters).begin();
  Tape tape;
  by_tape.add(0, tape, reshape(tape, matmul(tape, tape.sample(x), only_weight), Shape{}));
  ClippedSum by_hand = noiseless_memory(1.5, parameters).begin();
  by_hand.add(0, {PerSampleGrad::dense(x.reshaped(Shape{batch, 1, kIn}))});
  const std::vector<float> from_tape = numbers(released(std::move(by_tape)));
  const std::vector<float> from_hand = numbers(released(std::move(by_hand)));
  for (std::size_t i = 0; i < from_tape.size(); ++i) EXPECT_FLOAT_EQ(from_tape[i], from_hand[i]);
}

/// Samples made to break the bound, each alone.
std::vector<std::pair<std::string, Samples>> adversaries() {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<std::pair<std::string, Samples>> all = {
      {"in the direction of all others", equal_samples(1, 100)},
      {"against the direction of all others", equal_samples(1, -100)},
      {"a little too long", equal_samples(1, 0.0608581F)},  // 1.00000... with sqrt(30) * 3 numbers
      {"zero", equal_samples(1, 0)},
      {"1e-30", equal_samples(1, 1e-30F)},
      {"1e20", equal_samples(1, 1e20F)},
      {"1e30", equal_samples(1, 1e30F)},
      {"the largest float", equal_samples(1, std::numeric_limits<float>::max())},
      {"infinity", equal_samples(1, infinity)},
      {"NaN", equal_samples(1, std::numeric_limits<float>::quiet_NaN())},
      {"random", random_samples(1, 9)},
  };
  Samples both_huge = equal_samples(1, 1e30F);
  both_huge.v = Tensor::filled(both_huge.v.shape(), 1e30F);
  all.emplace_back("1e60 by factors of 1e30", both_huge);
  Samples cancelling = random_samples(1, 10);  // the second position undoes the first, the third is small
  for (Index i = 0; i < kOut; ++i) {
    cancelling.u.mutable_data()[i] *= 1e10F;
    cancelling.u.mutable_data()[kOut + i] = -cancelling.u.data()[i];
    cancelling.u.mutable_data()[2 * kOut + i] *= 1e-3F;
  }
  for (Index i = 0; i < kIn; ++i) cancelling.v.mutable_data()[kIn + i] = cancelling.v.data()[i];
  all.emplace_back("positions that undo each other", cancelling);
  Samples only_bias = equal_samples(1, 0);
  only_bias.bias = Tensor::filled(only_bias.bias.shape(), -1e15F);
  all.emplace_back("long in one parameter only", only_bias);
  return all;
}

// The tolerance is that of float numbers that hold the sum of 300 samples of length C: some 300 C 2^-24. Here all
// samples change their groups, too; which coins prevent. rounding_test.cpp has the exact promise.
TEST_F(ClippedSumTest, OneSampleMovesTheReleasedMeanByAtMostTheBoundOverTheDivisor) {
  const double clip_bound = 1, divisor = 50;
  for (const Samples& others : {equal_samples(300, 5), random_samples(300, 20)}) {
    ClippedSum sum = empty_sum(clip_bound);
    add(sum, others, 7);
    const std::vector<float> without = numbers(released(std::move(sum), divisor));
    for (const auto& [name, adversary] : adversaries()) {
      // At the end, and in front, where it moves all others to other places in their physical batches.
      for (const Samples& all : {joined(others, adversary), joined(adversary, others)}) {
        ClippedSum one_more = empty_sum(clip_bound);
        add(one_more, all, 7);
        const std::vector<float> with = numbers(released(std::move(one_more), divisor));
        std::vector<double> moved;
        for (std::size_t i = 0; i < with.size(); ++i) {
          moved.push_back(static_cast<double>(with[i]) - static_cast<double>(without[i]));
        }
        EXPECT_LE(length(moved), clip_bound / divisor * (1 + 1e-4)) << name;
      }
    }
  }
}

TEST_F(ClippedSumTest, OneSampleAloneIsNotLongerThanTheBound) {
  for (const double clip_bound : {1e-6, 1.0, 1e6}) {
    for (const auto& [name, adversary] : adversaries()) {
      const std::vector<float> alone = clipped_sum(adversary, clip_bound, 1);
      EXPECT_LE(length({alone.begin(), alone.end()}), clip_bound) << name << ", bound " << clip_bound;
    }
  }
}

TEST_F(ClippedSumTest, ClipsLongGradientsToTheBoundAndNotFurther) {
  for (const float size : {1.0F, 1e10F, 1e20F, 1e30F}) {
    const std::vector<float> alone = clipped_sum(equal_samples(1, size), 1);
    EXPECT_NEAR(length({alone.begin(), alone.end()}), 1 / (1 + ClipRule::kRoundingSlack), 2e-6) << size;
  }
}

TEST_F(ClippedSumTest, ASampleThatIsNotFiniteLeavesEveryBitAsItWas) {
  const Samples others = random_samples(40, 30);
  const std::vector<float> without = clipped_sum(others, 1);
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    ClippedSum sum = empty_sum(1);
    add(sum, others, 7);
    add(sum, equal_samples(1, value), 1);
    EXPECT_EQ(numbers(released(std::move(sum))), without);

    Samples inside = random_samples(5, 40);
    ClippedSum four = empty_sum(1);
    four.add(0, inside.gradients(0, 4));
    const std::vector<float> of_four = numbers(released(std::move(four)));
    inside.bias.mutable_data()[4 * kBias + 1] = value;  // one number of one parameter spoils the whole sample
    ClippedSum five = empty_sum(1);
    five.add(0, inside.gradients(0, 5));
    EXPECT_EQ(numbers(released(std::move(five))), of_four);
  }
}

TEST_F(ClippedSumTest, NormsGoOverAllParameters) {
  Samples samples = equal_samples(1, 0);
  samples.bias = Tensor::filled(samples.bias.shape(), 3);  // length 6
  samples.u.mutable_data()[0] = 8;                         // with v = 1: kIn numbers of 8
  const std::vector<float> sum = clipped_sum(samples, 1);
  const double norm = std::sqrt(36 + 64.0 * kIn) * (1 + ClipRule::kRoundingSlack);
  EXPECT_NEAR(sum[0], 8 / norm, 1e-6);
  EXPECT_NEAR(sum.back(), 3 / norm, 1e-6);
}

TEST_F(ClippedSumTest, LanesMayBeFilledByAnyThreads) {
  const Samples samples = random_samples(200, 50);
  const int lanes = 4;
  const auto fill_lane = [&](ClippedSum& sum, int lane) {
    for (Index begin = lane * 10; begin < samples.size(); begin += lanes * 10) {
      sum.begin_group(lane);
      sum.add(lane, samples.gradients(begin, begin + 10));
    }
  };
  ClippedSum one_thread = empty_sum(1, lanes);
  for (int lane = lanes - 1; lane >= 0; --lane) fill_lane(one_thread, lane);
  ClippedSum many_threads = empty_sum(1, lanes);
  std::vector<std::thread> threads;
  for (int lane = 0; lane < lanes; ++lane) threads.emplace_back(fill_lane, std::ref(many_threads), lane);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(numbers(released(std::move(many_threads))), numbers(released(std::move(one_thread))));
}

// 600 samples in 2 lanes are 3 groups a lane: the float part and the double part are in use, before and after.
TEST_F(ClippedSumTest, TheOrderOfGroupsChangesNoBit) {
  // In double, (large + small) - large is 0 and (large - large) + small is small.
  const auto sample = [](float value) {
    Samples samples = equal_samples(1, 0);
    samples.bias = Tensor::filled(samples.bias.shape(), value);
    return samples;
  };
  const std::vector<Samples> groups = {sample(0.25F), sample(0x1p-60F), sample(-0.25F)};
  std::vector<float> first;
  for (const std::vector<std::size_t>& order : {std::vector<std::size_t>{0, 1, 2}, {0, 2, 1}, {1, 2, 0}}) {
    for (const int lanes : {1, 2, 3}) {
      ClippedSum sum = empty_sum(1, lanes);
      for (std::size_t i = 0; i < order.size(); ++i) {
        const int lane = static_cast<int>(i) % lanes;
        sum.begin_group(lane);
        sum.add(lane, groups[order[i]].gradients(0, 1));
      }
      const std::vector<float> got = numbers(released(std::move(sum)));
      if (first.empty()) first = got;
      EXPECT_EQ(got, first) << lanes << " lanes";
    }
  }
}

TEST_F(ClippedSumTest, OneThatWasDroppedOrReleasedLeavesNothingInTheMemory) {
  ClippedSum fresh = empty_sum(1, 2);
  add(fresh, random_samples(600, 61), 5);
  const std::vector<float> expected = numbers(released(std::move(fresh)));

  SumMemory memory = noiseless_memory(1, parameters_, 2);
  {
    ClippedSum dropped = memory.begin();
    add(dropped, random_samples(600, 60), 5);
  }
  for (const char* when : {"after one was dropped", "after one was released"}) {
    ClippedSum next = memory.begin();
    add(next, random_samples(600, 61), 5);
    EXPECT_EQ(numbers(released(std::move(next))), expected) << when;
  }
  EXPECT_EQ(numbers(released(memory.begin())), std::vector<float>(kNumbers, 0.0F));
}

TEST_F(ClippedSumTest, LivesAloneInItsMemory) {
  SumMemory memory = noiseless_memory(1, parameters_);
  ClippedSum sum = memory.begin();
  EXPECT_THROW(memory.begin(), InternalError);
  released(std::move(sum));
  EXPECT_NO_THROW(memory.begin());
}

TEST_F(ClippedSumTest, IsSpentOnceItWasReleased) {
  ClippedSum sum = empty_sum(1);
  released(std::move(sum));
  EXPECT_THROW(released(std::move(sum)), PrivacyError);
  EXPECT_THROW(sum.begin_group(0), PrivacyError);
  EXPECT_THROW(sum.add(0, random_samples(3, 1).gradients(0, 3)), PrivacyError);
}

TEST_F(ClippedSumTest, AGroupKeepsNothingOfTheOneBefore) {
  SumMemory memory = noiseless_memory(1, parameters_);
  {
    ClippedSum dropped = memory.begin();
    add(dropped, random_samples(50, 62), 5);
  }
  // Of one position, and a parameter that this batch does not reach.
  Tape tape;
  const Value x = tape.sample(random_tensor(Shape{3, kIn}, 63));
  ClippedSum sum = memory.begin();
  sum.add(0, tape, mean(tape, matmul(tape, x, weight_), 1));
  const std::vector<float> got = numbers(released(std::move(sum)));
  ClippedSum fresh = empty_sum(1);
  fresh.add(0, tape, mean(tape, matmul(tape, x, weight_), 1));
  EXPECT_EQ(got, numbers(released(std::move(fresh))));
  for (std::size_t i = kOut * kIn; i < got.size(); ++i) EXPECT_EQ(got[i], 0) << "the bias got no gradient";
}

TEST_F(ClippedSumTest, AnEmptyPhysicalBatchAddsNothing) {
  ClippedSum sum = empty_sum(1);
  sum.add(0, random_samples(1, 1).gradients(0, 0));
  Tape tape;
  const Value x = tape.sample(Tensor::zeros(Shape{0, kBias}));
  sum.add(0, tape, mean(tape, dpml::add(tape, x, bias_), 1));
  EXPECT_EQ(numbers(released(std::move(sum))), std::vector<float>(kNumbers, 0.0F));
}

TEST_F(ClippedSumTest, RefusesByNameAParameterThatIsNotItsOwn) {
  Parameter forgotten("forgotten", Tensor::zeros(Shape{kBias}));
  ClippedSum sum = empty_sum(1);
  Tape tape;
  const Value x = tape.sample(Tensor::zeros(Shape{2, kBias}));
  try {
    sum.add(0, tape, mean(tape, dpml::add(tape, x, forgotten), 1));
    FAIL() << "a parameter would be trained without clipping";
  } catch (const PrivacyError& error) {
    EXPECT_NE(std::string(error.what()).find("parameter \"forgotten\""), std::string::npos);
  }
}

TEST_F(ClippedSumTest, LeavesFrozenParametersOut) {
  weight_.set_trainable(false);
  ClippedSum sum = empty_sum(1);
  sum.add(0, {PerSampleGrad::dense(Tensor::filled(Shape{1, kBias}, 10))});
  const NoisyGradient gradient = released(std::move(sum));
  ASSERT_EQ(gradient.tensors().size(), 1U);
  EXPECT_EQ(gradient.tensors()[0].shape(), bias_.shape());
  EXPECT_NEAR(gradient.tensors()[0].data()[0], 0.5 / (1 + ClipRule::kRoundingSlack), 1e-6);
  bias_.set_trainable(false);
  EXPECT_THROW(empty_sum(1), ConfigError);
}

TEST_F(ClippedSumTest, RefusesAGroupThatIsLargerThanItsRoundingIsBoundedFor) {
  const Samples samples = random_samples(SampleGroups::kLargest + 1, 3);
  ClippedSum sum = empty_sum(1);
  sum.add(0, samples.gradients(0, SampleGroups::kLargest));
  EXPECT_THROW(sum.add(0, samples.gradients(0, 1)), PrivacyError);
  sum.begin_group(0);
  sum.add(0, samples.gradients(0, SampleGroups::kLargest));
  ClippedSum another = empty_sum(1);
  EXPECT_THROW(another.add(0, samples.gradients(0, SampleGroups::kLargest + 1)), PrivacyError);
}

TEST_F(ClippedSumTest, RefusesGradientsThatDoNotFit) {
  ClippedSum sum = empty_sum(1);
  const Samples samples = random_samples(3, 1);
  std::vector<PerSampleGrad> one = samples.gradients(0, 3);
  one.pop_back();
  EXPECT_THROW(sum.add(0, one), ShapeError);
  std::vector<PerSampleGrad> swapped = samples.gradients(0, 3);
  std::swap(swapped[0], swapped[1]);
  EXPECT_THROW(sum.add(0, swapped), ShapeError);
  std::vector<PerSampleGrad> uneven = samples.gradients(0, 3);
  uneven[1] = samples.gradients(0, 2)[1];
  EXPECT_THROW(sum.add(0, uneven), ShapeError);
  EXPECT_EQ(numbers(released(std::move(sum))), std::vector<float>(kNumbers, 0.0F));
  EXPECT_THROW(empty_sum(1, 0), ConfigError);
}

}  // namespace
}  // namespace dpml
