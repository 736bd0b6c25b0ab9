// Sampling schemes other than Poisson, and private selection, against slow twins and bounds from both sides.

#include <gtest/gtest.h>

#include <chrono>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/renyi.h"
#include "pair_twins.h"
#include "short_names.h"

namespace dpml::renyi {
namespace {

double divergence(const Event& event, Neighbours neighbours, double order) {
  return renyi_divergence(event, neighbours, order);
}

Event fixed_size(double noise, std::uint64_t sample = 10) {
  return SampledWithoutReplacement{1000, sample, Gaussian{noise}};
}

/// The two halves of the profile, x > 0, by the trapezoid rule in the logarithm of z - 1/2.
double without_replacement_twin(long double q, long double s, long double a) {
  long double sum = 0;
  const long double step = 1e-3L;
  for (long double t = -30; t < 12; t += step) {
    const long double beyond = std::exp(t);
    const long double z = 0.5L + beyond;
    if (z > a + 14 * s) break;
    const long double x = q * std::expm1(beyond / (s * s));
    sum += (excess(x, a) + excess(x, 1 - a)) * std::exp(-z * z / (2 * s * s)) * beyond;
  }
  return static_cast<double>(std::log1p(sum * step / (s * std::sqrt(2 * std::acos(-1.0L)))) / (a - 1));
}

TEST(WithoutReplacement, IsTheSumOfBothHalvesOfTheProfile) {
  for (double noise : {0.8, 2.0, 20.0}) {
    for (std::uint64_t sample : {1u, 10u, 500u}) {
      for (double order : {1.01, 1.5, 2.0, 8.0, 20.5}) {
        if (order * order * 4 / (noise * noise) > 8000) continue;
        const double truth = without_replacement_twin(static_cast<long double>(sample) / 1000, noise / 2.0L, order);
        const double found = divergence(fixed_size(noise, sample), kReplace, order);
        EXPECT_NEAR(found / truth, 1, 1e-6) << noise << " " << sample << " " << order;
      }
    }
  }
}

TEST(WithoutReplacement, IsAboveEveryPairOfDatasetsItCovers) {
  for (double noise : {0.8, 2.0, 9.0}) {
    for (double order : {1.05, 2.0, 7.5}) {
      const double found = divergence(fixed_size(noise), kReplace, order);
      const long double reach = 2.0L * order + 2;
      // All other units at -1: one unit at +1 or -1. All others at 0: likewise.
      const double others_below = divergence_of(outcomes_of({{0.99L, -1}, {0.01L, 1}}, {{1, -1}}, noise, reach), order);
      const double others_at_0 =
          divergence_of(outcomes_of({{0.99L, 0}, {0.01L, 1}}, {{0.99L, 0}, {0.01L, -1}}, noise, reach), order);
      EXPECT_GT(found, others_below) << noise << " " << order;
      EXPECT_GT(found, others_at_0) << noise << " " << order;
      EXPECT_LT(found, 2 * others_below) << noise << " " << order;
      // One unit at 1 or 0, all others at -1.
      const double zeroed =
          divergence_of(outcomes_of({{0.99L, -1}, {0.01L, 1}}, {{0.99L, -1}, {0.01L, 0}}, noise, reach), order);
      EXPECT_GT(divergence(fixed_size(noise), kZero, order), zeroed);
      EXPECT_LE(divergence(fixed_size(noise), kZero, order), found);
    }
  }
}

TEST(WithoutReplacement, OfAllUnitsIsTheInnerEvent) {
  for (Neighbours neighbours : {kReplace, kZero}) {
    EXPECT_EQ(divergence(SampledWithoutReplacement{50, 50, Gaussian{3}}, neighbours, 4),
              divergence(Gaussian{3}, neighbours, 4));
  }
  EXPECT_THROW(divergence(fixed_size(1), kAdd, 2), UnsupportedEvent);
}

TEST(WithoutReplacement, StaysABoundAtHugeOrders) {
  for (double order : {1e4, 1e6, 1e12}) {
    EXPECT_GE(divergence(fixed_size(1), kReplace, order), order * 2 + order / (order - 1) * std::log(0.01));
    EXPECT_LE(divergence(fixed_size(1), kReplace, order), order * 2 * (1 + 1e-9));
    EXPECT_LE(divergence(fixed_size(1), kZero, order), order / 2 * (1 + 1e-9));
  }
}

/// Both directions of two bins, by the trapezoid rule on the plane.
double two_bins_twin(long double s, long double a) {
  const long double step = std::fmin(s, s * s) / 4;
  std::vector<TwinOutcome> outcomes;
  for (long double y = -a - 9 * s; y < a + 9 * s; y += step) {
    for (long double z = -a - 9 * s; z < a + 9 * s; z += step) {
      const long double plain = std::exp(-(y * y + z * z) / (2 * s * s)) * step * step / (2 * std::acos(-1.0L) * s * s);
      const long double ratio = 0.5L * (std::exp((2 * y - 1) / (2 * s * s)) + std::exp((2 * z - 1) / (2 * s * s)));
      outcomes.push_back({plain * ratio, plain});
    }
  }
  return divergence_of(std::move(outcomes), a);
}

TEST(BallsAndBins, OfTwoBinsIsTheIntegralAtIntegerOrders) {
  for (double noise : {0.6, 1.0, 4.0}) {
    for (double order : {2.0, 3.0, 5.0}) {
      const double truth = two_bins_twin(noise, order);
      const double found = divergence(BallsAndBins{2, Gaussian{noise}}, kAdd, order);
      EXPECT_GE(found, truth * (1 - 1e-15)) << noise << " " << order;
      EXPECT_LE(found, truth * (1 + 1e-10)) << noise << " " << order;
    }
    for (double order : {1.2, 2.5, 4.1}) {
      const double found = divergence(BallsAndBins{2, Gaussian{noise}}, kAdd, order);
      EXPECT_GE(found, two_bins_twin(noise, order)) << noise << " " << order;
      EXPECT_LE(found, divergence(Gaussian{noise}, kAdd, order)) << noise << " " << order;
    }
  }
}

TEST(BallsAndBins, FallsWithBinsAndNoise) {
  double last = kInfinity;
  for (std::uint64_t bins : {1u, 2u, 3u, 10u, 100u, 12345u, 1u << 30}) {
    const double found = divergence(BallsAndBins{bins, Gaussian{1.5}}, kZero, 6);
    EXPECT_LT(found, last) << bins;
    EXPECT_LT(divergence(BallsAndBins{bins, Gaussian{1.6}}, kZero, 6), found) << bins;
    last = found;
  }
  // Many bins: the two moments of order 2, as Poisson sampling with rate 1 / bins has them.
  const double second = divergence(BallsAndBins{1'000'000'007, Gaussian{1}}, kZero, 2) * 1'000'000'007;
  EXPECT_NEAR(second, std::expm1(1), 1e-6);
}

TEST(BallsAndBins, AnswersAtOnceWhateverTheNumbers) {
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t bins : {std::uint64_t{2}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    for (double noise : {1e-3, 0.3, 1.0, 1e3, 1e8}) {
      Ledger ledger(kAdd);
      ledger.append(BallsAndBins{bins, Gaussian{noise}}, 10);
      for (double delta : {1e-300, 1e-6, 0.3}) {
        const double found = make_accountant("rdp")->epsilon(ledger, delta);
        EXPECT_TRUE(found >= 0 && found < kInfinity) << bins << " " << noise;
      }
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(BallsAndBins, IsTheInnerEventWhereNothingIsKnown) {
  EXPECT_EQ(divergence(BallsAndBins{10, Gaussian{2}}, kReplace, 3), divergence(Gaussian{2}, kReplace, 3));
  EXPECT_EQ(divergence(BallsAndBins{10, Laplace{2}}, kAdd, 3), divergence(Laplace{2}, kAdd, 3));
}

TEST(Shuffled, CostsItsInnerEventOnce) {
  for (Neighbours neighbours : {kReplace, kZero}) {
    EXPECT_EQ(divergence(Shuffled{100, Gaussian{2}}, neighbours, 3), divergence(Gaussian{2}, neighbours, 3));
  }
  EXPECT_EQ(divergence(Shuffled{1, Gaussian{2}}, kAdd, 3), divergence(Gaussian{2}, kAdd, 3));
}

TEST(Shuffled, PaysForTheUnitThatChangesBatchesUnderAddOrRemove) {
  // Three units in two batches, of two and one, against two units in batches of one: the new one at +1 is in the first
  // batch; so is one of the others, at -1, or it is not.
  EXPECT_NEAR(divergence(Shuffled{2, Gaussian{2}}, kAdd, 3), 5 * divergence(Gaussian{2}, kAdd, 3), 1e-9);
}

TEST(TruncatedPoisson, LiesBetweenPoissonAndReplacement) {
  for (double order : {1.5, 3.0, 8.0}) {
    const double poisson = divergence(PoissonSampled{0.01, Gaussian{1}}, kAdd, order);
    double last = kInfinity;
    for (std::uint64_t batch : {100u, 110u, 130u, 160u, 200u}) {
      const double found = divergence(TruncatedPoissonSampled{10000, 0.01, batch, Gaussian{1}}, kAdd, order);
      EXPECT_GT(found, poisson) << batch;
      EXPECT_LT(found, divergence(PoissonSampled{0.01, Gaussian{0.5}}, kAdd, order)) << batch;
      EXPECT_LT(found, last) << batch;
      last = found;
    }
    EXPECT_NEAR(divergence(TruncatedPoissonSampled{10000, 0.01, 400, Gaussian{1}}, kAdd, order) / poisson, 1, 1e-9);
    EXPECT_EQ(divergence(TruncatedPoissonSampled{400, 0.01, 400, Gaussian{1}}, kAdd, order), poisson);
  }
  EXPECT_THROW(divergence(TruncatedPoissonSampled{100, 0.1, 5, Laplace{1}}, kAdd, 2), UnsupportedEvent);
  EXPECT_NO_THROW(divergence(TruncatedPoissonSampled{100, 0.1, 5, Laplace{1}}, kReplace, 2));
}

TEST(TruncatedPoisson, IsAboveTheExactValueOfASmallDataset) {
  for (double rate : {0.1, 0.5, 0.9}) {
    for (double order : {1.2, 2.0, 5.0}) {
      EXPECT_GE(divergence(TruncatedPoissonSampled{4, rate, 2, Gaussian{1.5}}, kAdd, order),
                divergence_of(truncated_twin(rate, 1.5, 3 * order + 3), order))
          << rate << " " << order;
    }
  }
}

/// log E[s^K], the number of runs.
long double generating_function(double mean, double shape, double parameter, long double s) {
  if (std::isinf(shape)) return std::exp(mean * (s - 1));
  const long double g = parameter;
  if (shape == 0) return std::log(1 - (1 - g) * s) / std::log(g);
  return (std::pow(1 - (1 - g) * s, -static_cast<long double>(shape)) - 1) /
         (std::pow(g, -static_cast<long double>(shape)) - 1);
}

TEST(RepeatAndSelect, IsAboveTheExactValueForTwoAnswers) {
  // A run answers good or bad by randomised response; the best of K runs is good unless all are bad.
  struct Runs {
    double mean;
    double shape;
    double parameter;
  };
  const double g = 0.05;
  for (const Runs& runs :
       {Runs{20, 1, g}, Runs{-(1 - g) / (g * std::log(g)), 0, g},
        Runs{0.5 * (1 - g) / (g * (1 - std::sqrt(g))), 0.5, g}, Runs{6, kInfinity, 0}, Runs{0.3, kInfinity, 0}}) {
    for (double epsilon : {0.1, 1.0}) {
      const long double likely = 1 / (1 + std::exp(-static_cast<long double>(epsilon)));
      const auto answers = [&](long double bad) {
        const long double none = std::isinf(runs.shape) ? std::exp(-static_cast<long double>(runs.mean)) : 0;
        const long double all_bad = generating_function(runs.mean, runs.shape, runs.parameter, bad);
        return std::vector<long double>{none, all_bad - none, 1 - all_bad};
      };
      const auto one = answers(likely);
      const auto other = answers(1 - likely);
      for (double order : {1.1, 2.0, 6.0, 50.0}) {
        const double truth = divergence_of({{one[0], other[0]}, {one[1], other[1]}, {one[2], other[2]}}, order);
        const Event event = RepeatAndSelect{EpsilonDelta{epsilon, 0}, runs.mean, runs.shape};
        EXPECT_GE(divergence(event, kAdd, order), truth) << to_text(event) << " " << order;
        EXPECT_LT(divergence(event, kAdd, order), 40 * truth + 2 * runs.mean) << to_text(event) << " " << order;
      }
    }
  }
}

TEST(RepeatAndSelect, RisesWithMeanAndOrder) {
  for (double shape : {-0.5, 0.0, 1.0, 3.5, kInfinity}) {
    double last = 0;
    for (double mean : {1.0, 1.5, 10.0, 1e4, 1e9}) {
      const Event event = RepeatAndSelect{Gaussian{4}, mean, shape};
      double by_order = 0;
      for (double order : {1.0001, 1.5, 3.0, 20.0, 1e3}) {
        const double found = divergence(event, kAdd, order);
        EXPECT_GE(found, by_order * (1 - 1e-9)) << to_text(event) << " " << order;
        by_order = found;
      }
      EXPECT_GT(by_order, last) << to_text(event);
      EXPECT_GE(by_order, divergence(Gaussian{4}, kAdd, 1e3)) << to_text(event);
      last = by_order;
    }
  }
}

TEST(RepeatAndSelect, OfOneRunForCertainIsAlmostTheRun) {
  // Mean 1 leaves no second run; Theorem 2 still pays (1 + shape) times its last term, whose log(1 / g) is 0.
  EXPECT_NEAR(divergence(RepeatAndSelect{Gaussian{4}, 1, 1}, kAdd, 8), divergence(Gaussian{4}, kAdd, 8), 1e-6);
}

TEST(RepeatAndSelect, IsPureWhereItsRunsAre) {
  Ledger ledger(kAdd);
  ledger.append(RepeatAndSelect{Laplace{10}, 5, 1});
  EXPECT_LE(make_accountant("rdp")->epsilon(ledger, 0), 0.3 * (1 + 1e-9));
}

}  // namespace
}  // namespace dpml::renyi
