#include "event_facts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "short_names.h"

namespace dpml::events {
namespace {

/// The event inside of every kind that can hold one.
std::vector<Event> wrapped(const Event& inner) {
  return {PoissonSampled{0.5, inner},
          SampledWithoutReplacement{10, 5, inner},
          TruncatedPoissonSampled{10, 0.5, 7, inner},
          Shuffled{4, inner},
          BallsAndBins{4, inner},
          RepeatAndSelect{inner, 2, 1},
          Composed{{Gaussian{1}, inner}},
          SelfComposed{inner, 3}};
}

TEST(EventFacts, AClaimIsFoundInsideEveryKind) {
  for (const Event& claim : {Event(EpsilonDelta{0.1, 0}), Event(ExponentialMechanism{1}), Event(ZeroConcentrated{1})}) {
    EXPECT_TRUE(holds_claim(claim));
    for (const Event& once : wrapped(claim)) {
      EXPECT_TRUE(holds_claim(once)) << to_text(once);
      EXPECT_FALSE(is_claim(once)) << to_text(once);
      for (const Event& twice : wrapped(once)) EXPECT_TRUE(holds_claim(twice)) << to_text(twice);
    }
  }
  for (const Event& once : wrapped(Laplace{1})) EXPECT_FALSE(holds_claim(once)) << to_text(once);
}

TEST(EventFacts, APlainGaussianIsItself) {
  for (const double noise : {0.0, 1e-170, 0.3, 1.1, 7.0, 1e170}) {
    ASSERT_TRUE(as_one_gaussian(Gaussian{noise}));
    EXPECT_EQ(as_one_gaussian(Gaussian{noise})->noise_multiplier, noise);
  }
  EXPECT_EQ(as_one_gaussian(Gaussian{0})->square, kInfinity);
  EXPECT_EQ(as_one_gaussian(Gaussian{1e-170})->square, kInfinity);
  EXPECT_GT(as_one_gaussian(Gaussian{1e170})->square, 0);
}

TEST(EventFacts, SeveralGaussiansAreOneWithNoMoreNoise) {
  for (const double noise : {0.3, 1.1, 1.7, 3e7}) {
    for (const std::uint64_t count : {1, 2, 3, 1000003}) {
      const auto one = as_one_gaussian(SelfComposed{Composed{{Gaussian{noise}, Gaussian{2 * noise}}}, count});
      const long double square = 1.25L * static_cast<long double>(count) / (static_cast<long double>(noise) * noise);
      ASSERT_TRUE(one);
      EXPECT_GE(one->square, square);
      EXPECT_LE(one->square, square * (1 + 1e-15L));
      EXPECT_LE(one->noise_multiplier, 1 / std::sqrt(square));
      EXPECT_GE(one->noise_multiplier, 1 / std::sqrt(square) * (1 - 2e-15L));
    }
  }
}

TEST(EventFacts, WhatHoldsAnythingElseIsNotOneGaussian) {
  EXPECT_FALSE(as_one_gaussian(Composed{{Gaussian{1}, Laplace{1}}}));
  EXPECT_FALSE(as_one_gaussian(SelfComposed{PoissonSampled{0.5, Gaussian{1}}, 2}));
}

TEST(EventFacts, RatesMultiplyUpwards) {
  EXPECT_EQ(product_of_rates(0.07, 1), 0.07);
  EXPECT_EQ(product_of_rates(1, 0.07), 0.07);
  for (const double one : {0.3, 0.07, 1e-8, 0.999999}) {
    for (const double other : {0.3, 0.07, 1e-8, 0.999999}) {
      EXPECT_GT(product_of_rates(one, other), static_cast<long double>(one) * other);
      EXPECT_LE(product_of_rates(one, other), std::nextafter(one * other, 1.0));
    }
  }
}

}  // namespace
}  // namespace dpml::events
