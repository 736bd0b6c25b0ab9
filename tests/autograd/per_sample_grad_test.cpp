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

// What a sample adds is rounded once more where the product of its factors is: 2^-24 of its length, which the slack of
// ClipRule pays. What a norm counts for the rounding of a chain of 40 positions is at most 3e-5 of it here.
TEST(PerSampleGrad, NormsAreNeverBelowWhatASampleAddsAndHardlyAbove) {
  for (const GradientExample& example : gradient_examples()) {
    const std::vector<double> upper = squared_norms(example.gradient);
    const std::vector<long double> truth = plain_squared_norms(example.truth, example.gradient.batch());
    for (std::size_t b = 0; b < upper.size(); ++b) {
      std::vector<float> weights(upper.size());
      weights[b] = 1;
      const std::vector<float> added = weighted_sum(example.gradient, weights);
      const long double length = plain_squared_norms({added.begin(), added.end()}, 1)[0];
      EXPECT_GE(static_cast<long double>(upper[b]), length * (1 - 0x1p-22L)) << example.name << ", sample " << b;
      EXPECT_LE(static_cast<long double>(upper[b]), truth[b] * (1 + 1e-4L)) << example.name << ", sample " << b;
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
