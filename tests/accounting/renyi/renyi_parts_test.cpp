// Parts of Renyi curves that no public number shows on its own.

#include <gtest/gtest.h>

#include "pair_twins.h"
#include "renyi/balls_and_bins_curve.h"
#include "renyi/gaussian_mixture_curve.h"

namespace dpml::renyi {
namespace {

/// log E[Y^-b] for three bins, summed over all places of a grid.
double three_bins_reverse_twin(long double s, long double b) {
  const long double step = std::fmin(s, s * s) / 3;
  std::vector<long double> ratios;
  std::vector<long double> weights;
  for (long double z = -8 * s - b / 2; z < 8 * s; z += step) {
    ratios.push_back(std::exp((2 * z - 1) / (2 * s * s)) / 3);
    weights.push_back(std::exp(-z * z / (2 * s * s)) * step / (s * std::sqrt(2 * std::acos(-1.0L))));
  }
  long double sum = 0;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    for (std::size_t j = 0; j < ratios.size(); ++j) {
      for (std::size_t k = 0; k < ratios.size(); ++k) {
        sum += weights[i] * weights[j] * weights[k] * excess(ratios[i] + ratios[j] + ratios[k] - 1, -b);
      }
    }
  }
  return static_cast<double>(std::log1p(sum));
}

TEST(BallsAndBinsCurve, IntegratesTheDirectionThatAddsAUnit) {
  for (double noise : {0.8, 2.0, 7.0}) {
    for (double b : {0.01, 0.5, 1.5, 6.0}) {
      if (b / noise > 4) continue;  // the twin's grid ends there
      const double truth = three_bins_reverse_twin(noise, b);
      BallsAndBinsCurve curve(3, noise);
      EXPECT_NEAR(curve.add_cumulant(b) / truth, 1, 1e-10) << noise << " " << b;
      EXPECT_GE(curve.cumulant(b), truth) << noise << " " << b;
    }
  }
}

TEST(BallsAndBinsCurve, HasLittleToAddWithManyBins) {
  // Y^-b - 1 + b (Y - 1) is b (b + 1) (Y - 1)^2 / 2 when Y hardly varies.
  for (double b : {1e-6, 1.0, 30.0}) {
    BallsAndBinsCurve curve(1'000'000'000, 1.0);
    EXPECT_NEAR(curve.add_cumulant(b) / (b * (1 + b) / 2 * std::expm1(1) * 1e-9), 1, 1e-6) << b;
    EXPECT_LE(curve.add_cumulant(b), curve.remove_cumulant(b)) << b;
  }
}

TEST(GaussianMixtureCurve, IntegratesOneDirection) {
  // A unit that is added: plain against the mixture. It costs less than one that is removed, so no event shows it
  // alone.
  const std::vector<std::vector<Jump>> pairs = {{{0.5, 0, 0}, {0.3, 0, 1}, {0.2, 0, 2}},
                                                {{0.9, 0, 0.5}, {0.1, 0, 3}},
                                                {{0.7, 0.2, 0}, {0.3, 0, 1.5}},
                                                {{0.5, 0, 0}, {0.5, 0, 0.1}},
                                                {{0.999, 0, 2}, {0.001, 1, 0}}};
  for (const std::vector<Jump>& jumps : pairs) {
    TwinMixture up;
    TwinMixture down;
    for (const Jump& jump : jumps) {
      up.push_back({jump.probability, jump.up});
      down.push_back({jump.probability, -jump.down});
    }
    for (double order : {1.01, 1.5, 2.0, 6.5, 20.0, 47.0}) {
      const double truth = static_cast<double>(cumulant_of(outcomes_of(up, down, 1, 3.1L * order, 50), order));
      EXPECT_NEAR(GaussianMixtureCurve(jumps).cumulant(order - 1) / truth, 1, 1e-10) << order;
    }
  }
}

}  // namespace
}  // namespace dpml::renyi
