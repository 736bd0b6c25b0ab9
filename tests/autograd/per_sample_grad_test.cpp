#include "dpml/autograd/per_sample_grad.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/gradient_examples.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<double> squared_norms(const PerSampleGrad& gradient) {
  std::vector<double> upper(static_cast<std::size_t>(gradient.batch()));
  gradient.add_squared_norms(upper);
  return upper;
}

std::vector<float> weighted_sum(const PerSampleGrad& gradient, std::span<const float> weights) {
  std::vector<float> sum(static_cast<std::size_t>(gradient.parameter_shape().size()));
  gradient.add_weighted_sum(weights, sum.data());
  return sum;
}

/// The squared length of each sample's row of [B, size].
std::vector<long double> plain_squared_norms(const std::vector<long double>& g, Index batch) {
  std::vector<long double> norms(static_cast<std::size_t>(batch));
  for (std::size_t i = 0; i < g.size(); ++i) norms[i * norms.size() / g.size()] += g[i] * g[i];
  return norms;
}

std::vector<long double> plain_squared_norms(const Tensor& g) {
  return plain_squared_norms({g.values().begin(), g.values().end()}, g.axis(0));
}

double largest(const std::vector<long double>& values) {
  long double result = 0;
  for (const long double value : values) result = std::max(result, std::abs(value));
  return static_cast<double>(result);
}

/// `got` equals the truth to within float rounding of its largest number.
void expect_near(std::span<const float> got, const std::vector<long double>& truth, const std::string& name) {
  ASSERT_EQ(got.size(), truth.size()) << name;
  const double tolerance = 1e-5 * largest(truth);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(got[i]), static_cast<double>(truth[i]), tolerance) << name << ", number " << i;
  }
}

/// 0, 1, fractions; several of each.
std::vector<float> some_weights(Index batch) {
  std::vector<float> weights;
  for (Index b = 0; b < batch; ++b) weights.push_back(static_cast<float>((b * 3 + 2) % 5) / 4);
  return weights;
}

std::vector<long double> plain_weighted_sum(const GradientExample& example, std::span<const float> weights) {
  const auto size = static_cast<std::size_t>(example.gradient.parameter_shape().size());
  std::vector<long double> sum(size);
  for (std::size_t i = 0; i < example.truth.size(); ++i) {
    sum[i % size] += static_cast<long double>(weights[i / size]) * example.truth[i];
  }
  return sum;
}

TEST(PerSampleGrad, EveryFormGivesTheGradientsOfAPlainLoop) {
  for (const GradientExample& example : gradient_examples()) {
    const Tensor dense = example.gradient.to_dense();
    EXPECT_EQ(dense.shape(), example.gradient.parameter_shape().with_front(example.gradient.batch())) << example.name;
    expect_near(dense.values(), example.truth, example.name);
  }
}

// The truth is exact to 1e-18, the slack of the norms is larger: the comparison from below needs no tolerance.
TEST(PerSampleGrad, NormsAreNeverBelowTheTruthAndHardlyAbove) {
  for (const GradientExample& example : gradient_examples()) {
    const std::vector<double> upper = squared_norms(example.gradient);
    const std::vector<long double> truth = plain_squared_norms(example.truth, example.gradient.batch());
    for (std::size_t b = 0; b < upper.size(); ++b) {
      EXPECT_GE(static_cast<long double>(upper[b]), truth[b]) << example.name << ", sample " << b;
      EXPECT_LE(static_cast<long double>(upper[b]), truth[b] * (1 + 1e-7L)) << example.name << ", sample " << b;
    }
  }
}

TEST(PerSampleGrad, NormsAddToWhatIsThere) {
  for (const GradientExample& example : gradient_examples()) {
    std::vector<double> upper(static_cast<std::size_t>(example.gradient.batch()), 3.0);
    example.gradient.add_squared_norms(upper);
    const std::vector<double> alone = squared_norms(example.gradient);
    for (std::size_t b = 0; b < upper.size(); ++b) EXPECT_DOUBLE_EQ(upper[b], 3 + alone[b]) << example.name;
  }
}

TEST(PerSampleGrad, WeightedSumsAreThoseOfAPlainLoop) {
  for (const GradientExample& example : gradient_examples()) {
    const Index batch = example.gradient.batch();
    const std::vector<float> ones(static_cast<std::size_t>(batch), 1.0F);
    const std::vector<float> halves(static_cast<std::size_t>(batch), 0.5F);
    for (const std::vector<float>& weights : {some_weights(batch), ones, halves}) {
      expect_near(weighted_sum(example.gradient, weights), plain_weighted_sum(example, weights), example.name);
    }
  }
}

TEST(PerSampleGrad, WeightedSumsAddToWhatIsThere) {
  for (const GradientExample& example : gradient_examples()) {
    const std::vector<float> weights = some_weights(example.gradient.batch());
    std::vector<float> sum(static_cast<std::size_t>(example.gradient.parameter_shape().size()), 2.0F);
    example.gradient.add_weighted_sum(weights, sum.data());
    std::vector<long double> expected = plain_weighted_sum(example, weights);
    for (long double& value : expected) value += 2;
    expect_near(sum, expected, example.name);
  }
}

TEST(PerSampleGrad, TheSmallerFormHoldsTheSameGradients) {
  for (const GradientExample& example : gradient_examples()) {
    const PerSampleGrad smaller = PerSampleGrad(example.gradient).in_smaller_form();
    EXPECT_EQ(smaller.parameter_shape(), example.gradient.parameter_shape()) << example.name;
    EXPECT_EQ(smaller.batch(), example.gradient.batch()) << example.name;
    expect_near(smaller.to_dense().values(), example.truth, example.name);
    const std::vector<float> weights = some_weights(smaller.batch());
    expect_near(weighted_sum(smaller, weights), plain_weighted_sum(example, weights), example.name);
    const std::vector<double> upper = squared_norms(smaller);
    const std::vector<long double> truth = plain_squared_norms(example.truth, smaller.batch());
    for (std::size_t b = 0; b < upper.size(); ++b) {
      EXPECT_NEAR(upper[b], static_cast<double>(truth[b]), 1e-5 * static_cast<double>(truth[b])) << example.name;
    }
  }
}

/// The tokens of a sample undo each other but for float rounding: v is the same in both halves of the positions, u is
/// the opposite in the second, except for a nudge of `nudge` in one number.
GradientExample cancelling_example(float nudge) {
  const Index positions = 128, m = 128, n = 128;
  Tensor u = random_tensor(Shape{2, positions, m}, 50);
  Tensor v = random_tensor(Shape{2, positions, n}, 51);
  for (Index b = 0; b < 2; ++b) {
    for (Index t = 0; t < positions / 2; ++t) {
      const Index first = b * positions + t;
      const Index second = first + positions / 2;
      for (Index i = 0; i < m; ++i) u.mutable_data()[second * m + i] = -u.data()[first * m + i];
      for (Index i = 0; i < n; ++i) v.mutable_data()[second * n + i] = v.data()[first * n + i];
    }
    u.mutable_data()[b * positions * m] += nudge;
  }
  return outer_example(u, v);
}

TEST(PerSampleGrad, NormsStayAboveTheTruthWherePositionsUndoEachOther) {
  for (const float nudge : {0.0F, 1e-6F, 1e-4F, 1e-2F}) {
    const GradientExample example = cancelling_example(nudge);
    const std::vector<long double> truth = plain_squared_norms(example.truth, 2);
    const std::vector<double> gram = squared_norms(example.gradient);
    const PerSampleGrad direct = PerSampleGrad(example.gradient).in_smaller_form();
    const std::vector<double> of_direct = squared_norms(direct);
    const std::vector<long double> held = plain_squared_norms(direct.to_dense());
    for (std::size_t b = 0; b < 2; ++b) {
      EXPECT_GE(static_cast<long double>(gram[b]), truth[b]) << "nudge " << nudge;
      EXPECT_GE(static_cast<long double>(of_direct[b]), held[b]) << "nudge " << nudge;
      EXPECT_GT(gram[b], 0) << "what is added up would not be 0: the positions are rounded in an order of their own";
    }
  }
}

/// A batch of 32 in which the second half of sample 16's positions undoes the first, up to `rest` of it. In the order
/// of the forms: 0 outer, 1 patches, 2 rows.
PerSampleGrad batch_with_cancelling_sample(int form, Index positions, float size, float rest) {
  const Index batch = 32, bad = 16, m = 12, n = 10, half = positions / 2;
  Tensor u = random_tensor(Shape{batch, positions, m}, 52);
  Tensor v = random_tensor(Shape{batch, positions, n}, 53);
  Tensor index = random_indices(Shape{batch, positions}, 7, 54);
  Tensor& cancelling = form == 2 ? v : u;
  Tensor& equal = form == 2 ? u : v;
  const auto row = [&](Tensor& x, Index t) { return x.mutable_data() + (bad * positions + t) * x.axis(2); };
  for (Index t = 0; t < half; ++t) {
    for (Index i = 0; i < cancelling.axis(2); ++i) {
      row(cancelling, t)[i] *= size;
      row(cancelling, half + t)[i] = -row(cancelling, t)[i] * (1 + rest * static_cast<float>(i % 3));
    }
    std::copy_n(row(equal, t), equal.axis(2), row(equal, half + t));
  }
  std::fill_n(index.mutable_data() + bad * positions, positions, 3.0F);
  if (form == 0) return PerSampleGrad::outer(u, v);
  if (form == 2) return PerSampleGrad::rows(index, v, 7);
  const PatchGeometry geometry{.in_height = 1, .in_width = positions, .in_channels = n};
  return PerSampleGrad::patches(u.reshaped(Shape{batch, 1, positions, m}), v.reshaped(Shape{batch, 1, positions, n}),
                                geometry);
}

// Sums are float; a sample whose terms are 1e7 times longer than their sum would wipe out what others added before.
TEST(PerSampleGrad, ASampleWhosePositionsUndoEachOtherMovesAClippedSumByAtMostTheBound) {
  for (const int form : {0, 1, 2}) {
    for (const Index positions : {2, 4, 20}) {
      for (const float size : {1.0F, 1e3F, 1e9F, 1e15F}) {
        for (const float rest : {0.0F, 1e-7F, 1e-6F, 1e-5F, 1e-4F, 1e-3F, 1e-1F}) {
          const PerSampleGrad gradient = batch_with_cancelling_sample(form, positions, size, rest);
          std::vector<float> weights;
          for (const double squared : squared_norms(gradient)) {
            weights.push_back(static_cast<float>(std::min(1.0, 1 / std::sqrt(squared))));
          }
          const std::vector<float> with = weighted_sum(gradient, weights);
          weights[16] = 0;
          const std::vector<float> without = weighted_sum(gradient, weights);
          double moved = 0;
          for (std::size_t i = 0; i < with.size(); ++i) {
            moved += std::pow(static_cast<double>(with[i]) - static_cast<double>(without[i]), 2);
          }
          EXPECT_LE(std::sqrt(moved), 1 + 1e-5)
              << "form " << form << ", " << positions << " positions, size " << size << ", rest " << rest;
        }
      }
    }
  }
}

/// The example with sample 1 made NaN, and the same without sample 1. Each form in turn.
struct Poisoned {
  std::string name;
  PerSampleGrad with;
  PerSampleGrad without;
};

Tensor poisoned(const Tensor& x) {
  Tensor copy = x.clone();
  Tensor row = copy.rows(1, 2);
  std::ranges::fill(row.mutable_values(), kNaN);
  return copy;
}

Tensor without_sample_1(const Tensor& x) {
  Tensor rest(x.shape().with_axis(0, x.axis(0) - 1));
  const Tensor last = x.rows(2, x.axis(0));
  float* to = std::copy_n(x.data(), x.rows(0, 1).size(), rest.mutable_data());
  std::copy_n(last.data(), last.size(), to);
  return rest;
}

std::vector<Poisoned> poisoned_examples() {
  std::vector<Poisoned> all;
  const Tensor g = random_tensor(Shape{4, 3, 5}, 60);
  all.push_back({"dense", PerSampleGrad::dense(poisoned(g)), PerSampleGrad::dense(without_sample_1(g))});
  for (const Index positions : {1, 6}) {
    const Tensor u = random_tensor(Shape{4, positions, 24}, 61);
    const Tensor v = random_tensor(Shape{4, positions, 40}, 62);
    const PerSampleGrad without = PerSampleGrad::outer(without_sample_1(u), without_sample_1(v));
    all.push_back({"outer, u", PerSampleGrad::outer(poisoned(u), v), without});
    all.push_back({"outer, v", PerSampleGrad::outer(u, poisoned(v)), without});
  }
  const PatchGeometry geometry{.in_height = 5,
                               .in_width = 5,
                               .in_channels = 4,
                               .kernel_height = 3,
                               .kernel_width = 3,
                               .padding_height = 1,
                               .padding_width = 1,
                               .groups = 2};
  const Tensor u = random_tensor(Shape{4, 5, 5, 6}, 63);
  const Tensor x = random_tensor(Shape{4, 5, 5, 4}, 64);
  const PerSampleGrad patches = PerSampleGrad::patches(without_sample_1(u), without_sample_1(x), geometry);
  all.push_back({"patches, u", PerSampleGrad::patches(poisoned(u), x, geometry), patches});
  all.push_back({"patches, x", PerSampleGrad::patches(u, poisoned(x), geometry), patches});
  const Tensor index = random_indices(Shape{4, 6}, 5, 65);
  const Tensor v = random_tensor(Shape{4, 6, 3}, 66);
  all.push_back({"rows", PerSampleGrad::rows(index, poisoned(v), 9),
                 PerSampleGrad::rows(without_sample_1(index), without_sample_1(v), 9)});
  return all;
}

TEST(PerSampleGrad, ASampleOfWeightZeroIsLeftOutBitForBitWhateverItHolds) {
  for (const Poisoned& example : poisoned_examples()) {
    for (const float weight : {1.0F, 0.3F}) {
      const std::vector<float> with = weighted_sum(example.with, std::vector<float>{weight, 0.0F, 0.7F, weight});
      const std::vector<float> without = weighted_sum(example.without, std::vector<float>{weight, 0.7F, weight});
      EXPECT_EQ(with, without) << example.name << ", weight " << weight;
    }
    const std::vector<float> none = weighted_sum(example.with, std::vector<float>(4, 0.0F));
    EXPECT_EQ(none, std::vector<float>(none.size(), 0.0F)) << example.name;
  }
}

TEST(PerSampleGrad, ANaNSampleHasNoFiniteNormAndLeavesTheOthersBitForBit) {
  for (const Poisoned& example : poisoned_examples()) {
    for (const bool smaller : {false, true}) {
      const auto form = [&](const PerSampleGrad& gradient) {
        return smaller ? PerSampleGrad(gradient).in_smaller_form() : gradient;
      };
      const std::vector<double> with = squared_norms(form(example.with));
      const std::vector<double> without = squared_norms(form(example.without));
      EXPECT_FALSE(std::isfinite(with[1])) << example.name;
      EXPECT_EQ(with[0], without[0]) << example.name;
      EXPECT_EQ(with[2], without[1]) << example.name;
      EXPECT_EQ(with[3], without[2]) << example.name;
    }
  }
}

TEST(PerSampleGrad, InfiniteAndHugeNumbersNeverLookShort) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float huge = std::numeric_limits<float>::max();
  for (const float large : {infinity, -infinity, huge, 1e30F}) {
    for (const Index positions : {1, 2, 3}) {
      Tensor u = Tensor::filled(Shape{1, positions, 2}, large);
      u.mutable_data()[u.size() - 1] = -large;  // inf - inf on the way
      const Tensor v = Tensor::filled(Shape{1, positions, 3}, large);
      for (const bool smaller : {false, true}) {
        PerSampleGrad gradient = PerSampleGrad::outer(u, v);
        if (smaller) gradient = std::move(gradient).in_smaller_form();
        EXPECT_FALSE(squared_norms(gradient)[0] < 1e60) << large << ", " << positions << " positions";
      }
    }
    const Tensor index = Tensor::zeros(Shape{1, 2});
    EXPECT_FALSE(squared_norms(PerSampleGrad::rows(index, Tensor::filled(Shape{1, 2, 1}, large), 1))[0] < 1e60);
    EXPECT_FALSE(squared_norms(PerSampleGrad::dense(Tensor::filled(Shape{1, 2}, large)))[0] < 1e60);
  }
}

TEST(PerSampleGrad, DenormalNumbersAreNotLost) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const double square = static_cast<double>(tiny) * static_cast<double>(tiny);
  EXPECT_GE(squared_norms(PerSampleGrad::dense(Tensor::filled(Shape{1, 4}, tiny)))[0], 4 * square);
  for (const Index positions : {1, 3}) {
    const Tensor u = Tensor::filled(Shape{1, positions, 2}, tiny);
    const auto terms = static_cast<double>(4 * positions * positions);
    EXPECT_GE(squared_norms(PerSampleGrad::outer(u, u))[0], terms * square * square);
  }
}

TEST(PerSampleGrad, UsesOfOneParameterAddUpInEveryPairOfForms) {
  const PatchGeometry geometry{.in_height = 4, .in_width = 4, .in_channels = 2, .kernel_height = 2, .kernel_width = 2};
  PatchGeometry strided = geometry;
  strided.stride_height = strided.stride_width = 2;
  const std::vector<std::vector<GradientExample>> of_one_parameter = {
      {dense_example(Shape{3, 6, 4}, 70), outer_example(3, 1, 6, 4, 71), outer_example(3, 5, 6, 4, 73),
       rows_example(3, 4, 4, 6, 3, 75), rows_example(3, 2, 4, 6, 6, 77)},
      {dense_example(Shape{3, 5, 2, 2, 2}, 78), patches_example(3, 5, geometry, 79),
       patches_example(3, 5, strided, 81)},
      {dense_example(Shape{4, 7}, 83), dense_example(Shape{4, 7}, 84)},
  };
  for (const std::vector<GradientExample>& examples : of_one_parameter) {
    for (const GradientExample& first : examples) {
      for (const GradientExample& second : examples) {
        const std::string name = first.name + " + " + second.name;
        GradientExample sum{name, first.gradient, first.truth};
        sum.gradient += second.gradient;
        for (std::size_t i = 0; i < sum.truth.size(); ++i) sum.truth[i] += second.truth[i];

        expect_near(sum.gradient.to_dense().values(), sum.truth, name);
        const std::vector<float> weights = some_weights(sum.gradient.batch());
        expect_near(weighted_sum(sum.gradient, weights), plain_weighted_sum(sum, weights), name);
        const std::vector<double> upper = squared_norms(sum.gradient);
        const std::vector<long double> truth = plain_squared_norms(sum.truth, sum.gradient.batch());
        for (std::size_t b = 0; b < upper.size(); ++b) {
          EXPECT_NEAR(upper[b], static_cast<double>(truth[b]), 1e-5 * static_cast<double>(truth[b])) << name;
        }
        expect_near(first.gradient.to_dense().values(), first.truth, name + " changed its left side");
        expect_near(second.gradient.to_dense().values(), second.truth, name + " changed its right side");
      }
    }
  }
}

TEST(PerSampleGrad, ThreeUsesAddUpAsRecurrentStepsDo) {
  GradientExample sum = outer_example(3, 1, 4, 5, 90);
  for (const std::uint64_t seed : {std::uint64_t{92}, std::uint64_t{94}}) {
    const GradientExample step = outer_example(3, 1, 4, 5, seed);
    sum.gradient += step.gradient;
    for (std::size_t i = 0; i < sum.truth.size(); ++i) sum.truth[i] += step.truth[i];
  }
  expect_near(std::move(sum.gradient).in_smaller_form().to_dense().values(), sum.truth, "three steps");
}

TEST(PerSampleGrad, ZeroAxesAreLegalEverywhere) {
  const PatchGeometry geometry{.in_height = 3, .in_width = 3, .in_channels = 2, .kernel_height = 2, .kernel_width = 2};
  std::vector<PerSampleGrad> all = {
      PerSampleGrad::dense(Tensor::zeros(Shape{0, 3})),
      PerSampleGrad::dense(Tensor::zeros(Shape{2, 0})),
      PerSampleGrad::outer(Tensor::zeros(Shape{0, 4, 3}), Tensor::zeros(Shape{0, 4, 2})),
      PerSampleGrad::outer(Tensor::zeros(Shape{2, 0, 3}), Tensor::zeros(Shape{2, 0, 2})),
      PerSampleGrad::outer(Tensor::zeros(Shape{2, 4, 0}), Tensor::zeros(Shape{2, 4, 2})),
      PerSampleGrad::outer(Tensor::zeros(Shape{2, 1, 3}), Tensor::zeros(Shape{2, 1, 0})),
      PerSampleGrad::patches(Tensor::zeros(Shape{0, 2, 2, 3}), Tensor::zeros(Shape{0, 3, 3, 2}), geometry),
      PerSampleGrad::patches(Tensor::zeros(Shape{2, 2, 2, 0}), Tensor::zeros(Shape{2, 3, 3, 2}), geometry),
      PerSampleGrad::rows(Tensor::zeros(Shape{0, 4}), Tensor::zeros(Shape{0, 4, 2}), 5),
      PerSampleGrad::rows(Tensor::zeros(Shape{2, 0}), Tensor::zeros(Shape{2, 0, 2}), 5),
      PerSampleGrad::rows(Tensor::zeros(Shape{2, 4}), Tensor::zeros(Shape{2, 4, 0}), 5),
  };
  for (PerSampleGrad& gradient : all) {
    const auto batch = static_cast<std::size_t>(gradient.batch());
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(squared_norms(gradient), std::vector<double>(batch, 0.0));
      const std::vector<float> sum = weighted_sum(gradient, std::vector<float>(batch, 0.5F));
      EXPECT_EQ(sum, std::vector<float>(sum.size(), 0.0F));
      const Tensor dense = gradient.to_dense();
      for (const float value : dense.values()) EXPECT_EQ(value, 0);
      const PerSampleGrad other = gradient;
      gradient += other;
      gradient = std::move(gradient).in_smaller_form();
    }
  }
}

TEST(PerSampleGrad, RefusesWhatDoesNotFit) {
  const auto zeros = [](const Shape& shape) { return Tensor::zeros(shape); };
  EXPECT_THROW(PerSampleGrad::dense(zeros(Shape{})), ShapeError);
  EXPECT_THROW(PerSampleGrad::outer(zeros(Shape{2}), zeros(Shape{2, 3})), ShapeError);
  EXPECT_THROW(PerSampleGrad::outer(zeros(Shape{2, 3}), zeros(Shape{3, 3})), ShapeError);
  EXPECT_THROW(PerSampleGrad::outer(zeros(Shape{2, 4, 3}), zeros(Shape{2, 5, 3})), ShapeError);
  EXPECT_THROW(PerSampleGrad::rows(zeros(Shape{2, 4}), zeros(Shape{2, 5, 3}), 7), ShapeError);
  const PatchGeometry geometry{.in_height = 3, .in_width = 3, .in_channels = 2, .kernel_height = 2, .kernel_width = 2};
  EXPECT_THROW(PerSampleGrad::patches(zeros(Shape{2, 2, 2, 3}), zeros(Shape{2, 3, 4, 2}), geometry), ShapeError);
  EXPECT_THROW(PerSampleGrad::patches(zeros(Shape{2, 2, 3, 3}), zeros(Shape{2, 3, 3, 2}), geometry), ShapeError);
  EXPECT_THROW(PerSampleGrad::patches(zeros(Shape{1, 2, 2, 3}), zeros(Shape{2, 3, 3, 2}), geometry), ShapeError);

  for (const float index : {-1.0F, 7.0F, 1e30F, 0.5F, kNaN}) {
    EXPECT_THROW(PerSampleGrad::rows(Tensor::filled(Shape{2, 4}, index), zeros(Shape{2, 4, 3}), 7), Error) << index;
  }

  PerSampleGrad two_samples = PerSampleGrad::dense(zeros(Shape{2, 3}));
  EXPECT_THROW(two_samples += PerSampleGrad::dense(zeros(Shape{3, 3})), ShapeError);
  EXPECT_THROW(two_samples += PerSampleGrad::dense(zeros(Shape{2, 4})), ShapeError);
}

}  // namespace
}  // namespace dpml
