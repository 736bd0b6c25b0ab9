// Gradients that norms and sums could get wrong: positions that undo each other, NaN, infinities, extreme sizes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/gradient_examples.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

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

TEST(HostileGradients, NormsStayAboveTheTruthWherePositionsUndoEachOther) {
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
TEST(HostileGradients, ASampleWhosePositionsUndoEachOtherMovesAClippedSumByAtMostTheBound) {
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

TEST(HostileGradients, ASampleOfWeightZeroIsLeftOutBitForBitWhateverItHolds) {
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

TEST(HostileGradients, ANaNSampleHasNoFiniteNormAndLeavesTheOthersBitForBit) {
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

TEST(HostileGradients, InfiniteAndHugeNumbersNeverLookShort) {
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

TEST(HostileGradients, DenormalNumbersAreNotLost) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const double square = static_cast<double>(tiny) * static_cast<double>(tiny);
  EXPECT_GE(squared_norms(PerSampleGrad::dense(Tensor::filled(Shape{1, 4}, tiny)))[0], 4 * square);
  for (const Index positions : {1, 3}) {
    const Tensor u = Tensor::filled(Shape{1, positions, 2}, tiny);
    const auto terms = static_cast<double>(4 * positions * positions);
    EXPECT_GE(squared_norms(PerSampleGrad::outer(u, u))[0], terms * square * square);
  }
}

}  // namespace
}  // namespace dpml
