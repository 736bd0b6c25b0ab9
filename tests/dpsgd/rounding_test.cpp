// docs/rounding.md: one sample more moves the sum by at most the clip bound, as computed. To see it exactly, the sum of
// a batch and that of its neighbour with all signs turned go into one ClippedSum: rounding does not know signs, groups
// add up exactly, so what comes out is the difference, small enough for float32 to tell.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "autograd/random_tensor.h"
#include "dpml/base/error.h"
#include "dpml/dpsgd/sample_groups.h"
#include "dpml/random/rng.h"
#include "dpsgd/released.h"

namespace dpml {
namespace {

// Of float32 in what comes out, and of this test's own sums.
constexpr double kTolerance = 1e-7;

enum class Form { dense, outer, rows };

/// One sample: factors u [T, m] and v [T, n]; its gradient is the sum of their outer products. As rows, m is the
/// vocabulary, and u a sequence of indices [T].
struct Sample {
  Tensor u;
  Tensor v;

  Sample turned() const {
    Sample other = {u, v.clone()};
    for (float& number : other.v.mutable_values()) number = -number;
    return other;
  }
};

Tensor stacked(const std::vector<const Tensor*>& tensors) {
  Tensor all(tensors.front()->shape().with_front(std::ssize(tensors)));
  float* to = all.mutable_data();
  for (const Tensor* tensor : tensors) to = std::copy_n(tensor->data(), tensor->size(), to);
  return all;
}

PerSampleGrad gradient_of(Form form, Index vocabulary, const std::vector<const Sample*>& samples) {
  std::vector<const Tensor*> left;
  std::vector<const Tensor*> right;
  for (const Sample* sample : samples) {
    left.push_back(&sample->u);
    right.push_back(&sample->v);
  }
  const Tensor u = stacked(left);
  const Tensor v = stacked(right);
  switch (form) {
    case Form::dense:
      return PerSampleGrad::dense(PerSampleGrad::outer(u, v).to_dense());
    case Form::outer:
      return PerSampleGrad::outer(u, v);
    case Form::rows:
      return PerSampleGrad::rows(u, v, vocabulary);
  }
  throw InternalError("a form without a gradient");
}

/// The length, in clip bounds, by which `more` moves the sum of `others`, whose coins come from `seed`.
double moved(Form form, Index vocabulary, double clip_bound, const std::vector<Sample>& others, const Sample& more,
             std::uint64_t seed, Index physical_batch = 7) {
  const PerSampleGrad one = gradient_of(form, vocabulary, {&more});
  Parameter parameter("weight", Tensor::zeros(one.parameter_shape()));
  Parameter* const parameters[] = {&parameter};
  ClippedSum sum = noiseless_memory(clip_bound, parameters, 2).begin();
  std::vector<Sample> turned;
  for (const Sample& sample : others) turned.push_back(sample.turned());

  Rng rng(Key::from_seed(seed), Purpose::data);
  std::vector<DrawnRow> batch;
  for (Index row = 0; row <= std::ssize(others); ++row) {
    batch.push_back({row, static_cast<std::uint32_t>(rng.below(1ULL << 32))});
  }
  const auto add = [&](int lane, const std::vector<DrawnRow>& drawn, const std::vector<Sample>& samples) {
    SampleGroups groups;
    groups.form(drawn, 1);
    for (Index i = 0; i < groups.count(); ++i) {
      sum.begin_group(lane);
      const std::span<const Index> group = groups.group(i);
      for (std::size_t begin = 0; begin < group.size(); begin += static_cast<std::size_t>(physical_batch)) {
        std::vector<const Sample*> piece;
        for (const Index row :
             group.subspan(begin, std::min(static_cast<std::size_t>(physical_batch), group.size() - begin))) {
          piece.push_back(row == std::ssize(samples) ? &more : &samples[static_cast<std::size_t>(row)]);
        }
        sum.add(lane, {gradient_of(form, vocabulary, piece)});
      }
    }
  };
  add(0, batch, others);
  batch.pop_back();  // whichever row it is: coins are anyone's
  add(1, batch, turned);
  double squares = 0;
  for (const float number : released(std::move(sum)).tensors()[0].values()) {
    squares += static_cast<double>(number) * static_cast<double>(number);
  }
  return std::sqrt(squares) / clip_bound;
}

Sample scalar(float value) {
  return {Tensor::filled(Shape{1, 1}, 1), Tensor::filled(Shape{1, 1}, value)};
}

Sample scalars(const std::vector<float>& values) {
  const Index positions = std::ssize(values);
  return {Tensor::filled(Shape{positions, 1}, 1), Tensor::from(Shape{positions, 1}, values)};
}

// After 64 numbers just below 1, sums lie just below 64; the numbers that follow are rounded down there, and up beyond
// 64, where one more number of length 1 brings the sum.
TEST(Rounding, OfAChainOfManySamplesIsPaid) {
  std::vector<Sample> others;
  for (int i = 0; i < 127; ++i) {
    others.push_back(scalar(i < 63 ? 1.0F : i == 63 ? 1 - 0x1p-8F : 1.499F * 0x1p-18F));
  }
  double most = 0;
  for (const Form form : {Form::dense, Form::outer}) {
    for (const float more : {1.0F, -1.0F, 2.0F, 1e30F, 0x1p-8F, -0x1p-20F}) {
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const double length = moved(form, 1, 1.001, others, scalar(more), seed);
        EXPECT_LE(length, 1 + kTolerance) << more;
        most = std::max(most, length);
      }
    }
  }
  EXPECT_GT(most, 0.99) << "the sum hardly moved: nothing was seen";
}

// One sample's two positions undo each other but for little; as float sums they would round all others away.
TEST(Rounding, OfLongPositionsNeverReachesAnotherSample) {
  for (const Form form : {Form::dense, Form::outer, Form::rows}) {
    for (const int exponent : {8, 16, 20, 26, 60, 100}) {
      for (const Index batch : {60, 127, 1000}) {
        Rng rng(Key::from_seed(3), Purpose::data);
        std::vector<Sample> others;
        for (Index i = 0; i < batch; ++i) others.push_back(scalars({static_cast<float>(rng.uniform(-1, 1)), 0}));
        const float large = std::ldexp(1.0F, exponent);
        Sample more = scalars({large, -large});
        if (exponent < 23) more.v.mutable_data()[1] += 1;
        if (form == Form::rows) {
          more.u = Tensor::zeros(Shape{2});
          for (Sample& sample : others) sample.u = Tensor::zeros(Shape{2});
        }
        EXPECT_LE(moved(form, 2, 1, others, more, 4), 1 + kTolerance) << "2^" << exponent << " among " << batch;
      }
    }
  }
}

/// Positions whose float sum is as far from the true one as can be: each is rounded up by nearly half a unit of a large
/// first one, which the last one takes away again.
Sample rounded_up_by_its_own_positions(Index positions) {
  const float large = 0x1p20F;
  const double unit = std::nextafter(large, 2 * large) - large;
  const double piece = unit / 2 * (1 + 0x1p-10);
  std::vector<float> values(static_cast<std::size_t>(positions), static_cast<float>(piece));
  values.front() = large;
  values.back() = static_cast<float>(-(large + static_cast<double>(positions - 2) * piece) + 0.01);
  return scalars(values);
}

TEST(Rounding, OfASamplesOwnPositionsIsPaid) {
  for (const Form form : {Form::dense, Form::outer, Form::rows}) {
    for (const Index positions : {64, 128, 1024, 4096}) {
      Sample more = rounded_up_by_its_own_positions(positions);
      double truth = 0;
      for (const float value : more.v.values()) truth += static_cast<double>(value);
      if (form == Form::rows) more.u = Tensor::zeros(Shape{positions});
      // Clip bounds about as long as the true gradient, and as its rounded sum.
      for (const double clip_bound : {std::abs(truth), std::abs(truth) * 1.02, std::abs(truth) * 1.2}) {
        EXPECT_LE(moved(form, 2, clip_bound, {}, more, 1), 1 + kTolerance) << positions << " positions";
      }
    }
  }
}

float rough(Rng& rng, int largest_exponent) {
  const double size =
      std::ldexp(rng.uniform(1, 2),
                 static_cast<int>(rng.below(static_cast<std::uint64_t>(2 * largest_exponent + 1))) - largest_exponent);
  return static_cast<float>(rng.below(2) == 0 ? size : -size);
}

/// A sample out of anybody's hands: numbers of all sizes, some of them not finite, some positions undone by others.
Sample any_sample(Rng& rng, Form form, Index positions, Index m, Index n) {
  const int exponent = rng.below(3) == 0 ? 120 : 8;
  Sample sample = {Tensor(form == Form::rows ? Shape{positions} : Shape{positions, m}), Tensor(Shape{positions, n})};
  for (float& number : sample.u.mutable_values()) {
    number = form == Form::rows ? static_cast<float>(rng.below(static_cast<std::uint64_t>(m))) : rough(rng, exponent);
  }
  for (float& number : sample.v.mutable_values()) number = rough(rng, exponent);
  if (positions > 1 && rng.below(2) == 0) {
    const Index row = sample.u.size() / positions;
    std::copy_n(sample.u.data(), row, sample.u.mutable_data() + row);
    for (Index i = 0; i < n; ++i)
      sample.v.mutable_data()[n + i] = -sample.v.data()[i] * (rng.below(2) == 0 ? 1 : 1.0001F);
  }
  if (rng.below(20) == 0) {
    sample.v.mutable_data()[0] =
        rng.below(2) == 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  }
  return sample;
}

TEST(Rounding, OneSampleMovesTheSumByAtMostTheClipBound) {
  double most = 0;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    Rng rng(Key::from_seed(trial), Purpose::data);
    const Form form = static_cast<Form>(rng.below(3));
    const Index positions = static_cast<Index>(1 + rng.below(rng.below(2) == 0 ? 1 : 40));
    const Index m = static_cast<Index>(1 + rng.below(6));
    const Index n = static_cast<Index>(1 + rng.below(20));
    const double clip_bound = std::pow(10.0, rng.below(4) == 0 ? rng.uniform(-30, 30) : rng.uniform(-2, 2));
    std::vector<Sample> others;
    for (std::uint64_t i = rng.below(300); i > 0; --i) others.push_back(any_sample(rng, form, positions, m, n));
    const double length = moved(form, m, clip_bound, others, any_sample(rng, form, positions, m, n), trial,
                                static_cast<Index>(1 + rng.below(40)));
    EXPECT_LE(length, 1 + kTolerance) << "trial " << trial << ", form " << static_cast<int>(form) << ", T " << positions
                                      << ", " << m << " x " << n << ", bound " << clip_bound;
    most = std::max(most, length);
  }
  EXPECT_GT(most, 0.99) << "nothing was seen";
}

}  // namespace
}  // namespace dpml
