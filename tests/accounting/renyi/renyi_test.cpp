#include "dpml/accounting/renyi.h"

#include <gtest/gtest.h>

#include <random>

#include "dpml/accounting/accountant.h"
#include "renyi_twins.h"
#include "short_names.h"

namespace dpml::renyi {
namespace {

constexpr double kSlack = 2e-11;  // what the documentation allows is 1e-10

double divergence(double sampling_rate, double noise_multiplier, double order) {
  return renyi_divergence(PoissonSampled{sampling_rate, Gaussian{noise_multiplier}}, Neighbours::add_or_remove_one,
                          order);
}

/// `value` is above `truth`, and by less than the slack.
void expect_just_above(double value, double truth, const std::string& what) {
  EXPECT_GE(value, truth) << what;
  EXPECT_LE(value, truth * (1 + kSlack)) << what;
}

std::string describe(double sampling_rate, double noise_multiplier, double order) {
  return "q " + std::to_string(sampling_rate) + " noise " + std::to_string(noise_multiplier) + " order " +
         std::to_string(order);
}

TEST(Renyi, OfAGaussianIsTheClosedForm) {
  for (double noise : {0.01, 0.5, 3.0, 1e4}) {
    for (double order : {1 + 1e-9, 1.5, 2.0, 1e7}) {
      const double truth = order / (2 * noise * noise);
      const std::string what = describe(1, noise, order);
      expect_just_above(renyi_divergence(Gaussian{noise}, Neighbours::add_or_remove_one, order), truth, what);
      expect_just_above(renyi_divergence(Gaussian{noise}, Neighbours::zero_out, order), truth, what);
      expect_just_above(renyi_divergence(Gaussian{noise}, Neighbours::replace_one, order), 4 * truth, what);
    }
  }
}

TEST(Renyi, AgreesWithTheSumAtIntegerOrders) {
  for (double rate : {1e-12, 1e-9, 1e-6, 1e-4, 0.01, 0.3, 0.5, 0.9, 1 - 1e-9}) {
    for (double noise : {0.1, 0.2, 0.6, 1.0, 2.7, 30.0, 50.0, 1e3, 1e4}) {
      for (int order : {2, 3, 5, 17, 64, 300, 1001}) {
        if (order > 4000 * noise) continue;
        expect_just_above(divergence(rate, noise, order), divergence_at_integer_order(rate, noise, order),
                          describe(rate, noise, order));
      }
    }
  }
}

TEST(Renyi, AgreesWithTrapezoidsAtRealOrders) {
  for (double rate : {1e-12, 1e-9, 1e-4, 0.01, 0.3, 0.99}) {
    for (double noise : {0.12, 0.3, 1.0, 4.0, 300.0, 1e4}) {
      for (double order : {1 + 1e-6, 1.01, 1.25, 2.5, 7.75, 31.3}) {
        if (order * order / (noise * noise) > 10000) continue;  // would overflow the twin
        expect_just_above(divergence(rate, noise, order), divergence_by_trapezoids(rate, noise, order),
                          describe(rate, noise, order));
      }
    }
  }
}

TEST(Renyi, StaysABoundAtOrdersTooLargeToIntegrate) {
  for (double rate : {1e-6, 0.01, 0.5}) {
    for (double noise : {1e-4, 0.01, 0.1, 1.0}) {
      const int order = static_cast<int>(6000 * noise) + 20;
      EXPECT_GE(divergence(rate, noise, order), divergence_at_integer_order(rate, noise, order));
      EXPECT_LE(divergence(rate, noise, order), order / (2 * noise * noise) * (1 + kSlack));
    }
  }
}

TEST(Renyi, WithRateOneIsThePlainGaussian) {
  for (double order : {1.1, 2.0, 50.5}) {
    EXPECT_EQ(divergence(1, 0.7, order), renyi_divergence(Gaussian{0.7}, Neighbours::add_or_remove_one, order));
    EXPECT_NEAR(divergence(1 - 1e-15, 0.7, order) / divergence(1, 0.7, order), 1, 1e-10);
  }
}

TEST(Renyi, FallsWithNoiseAndRisesWithRateAndOrder) {
  std::mt19937_64 draw(2);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 500; ++i) {
    const double rate = std::pow(10, -9 * uniform(draw)) * 0.9;
    const double noise = std::pow(10, -0.7 + 3 * uniform(draw));
    const double order = 1 + std::pow(10, -3 + 5 * uniform(draw));
    if (order > 1000 * noise) continue;
    const double at = divergence(rate, noise, order);
    EXPECT_GT(at, 0);
    EXPECT_LT(divergence(rate, 1.01 * noise, order), at) << describe(rate, noise, order);
    EXPECT_GT(divergence(1.01 * rate, noise, order), at) << describe(rate, noise, order);
    EXPECT_GT(divergence(rate, noise, 1 + 1.01 * (order - 1)), at) << describe(rate, noise, order);
    EXPECT_LT(at, divergence(1, noise, order)) << describe(rate, noise, order);
  }
}

TEST(Renyi, OfSamplingTwiceIsSamplingOnceWithTheProduct) {
  const Event twice = PoissonSampled{0.1, PoissonSampled{0.25, Gaussian{0.8}}};
  for (Neighbours neighbours : {Neighbours::add_or_remove_one, Neighbours::zero_out}) {
    expect_just_above(renyi_divergence(twice, neighbours, 3.5), divergence_by_trapezoids(0.025L, 0.8L, 3.5L), "0.025");
  }
  const Event once = PoissonSampled{1, PoissonSampled{0.25, Gaussian{0.8}}};
  EXPECT_EQ(renyi_divergence(once, Neighbours::zero_out, 3.5), divergence(0.25, 0.8, 3.5));
}

TEST(Renyi, IsInfiniteWithoutNoise) {
  for (const Event& event : {Event(NonPrivate{}), Event(Gaussian{0}), Event(PoissonSampled{0.01, NonPrivate{}}),
                             Event(PoissonSampled{0.01, Gaussian{0}})}) {
    EXPECT_EQ(renyi_divergence(event, Neighbours::add_or_remove_one, 1.5), kInfinity) << to_text(event);
  }
}

TEST(Renyi, RefusesOrdersThatAreNone) {
  for (double order : {-2.0, 0.5, 1.0, kInfinity, std::nan("")}) {
    EXPECT_THROW(renyi_divergence(Gaussian{1}, Neighbours::zero_out, order), ConfigError) << order;
  }
}

}  // namespace
}  // namespace dpml::renyi
