// What holds for every kind of event under the RDP accountant, and the faults of other accountants by name.

#include <gtest/gtest.h>

#include "binomial_twin.h"
#include "dpml/accounting/accountant.h"
#include "dpml/accounting/renyi.h"
#include "short_names.h"

namespace dpml::renyi {
namespace {

const std::unique_ptr<Accountant> kAccountant = make_accountant("rdp");

struct Release {
  Event event;
  Neighbours neighbours;
};

/// Every kind, and every sampling with every sort of inner event.
std::vector<Release> releases() {
  const Event gaussian = Gaussian{3};
  return {{gaussian, kAdd},
          {Laplace{4}, kReplace},
          {DiscreteGaussian{9, 2}, kZero},
          {DiscreteLaplace{20, 3}, kAdd},
          {RandomizedResponse{0.9, 5}, kReplace},
          {ExponentialMechanism{0.2}, kAdd},
          {EpsilonDelta{0.1, 1e-9}, kZero},
          {ZeroConcentrated{0.01, 0.001}, kAdd},
          {MixtureOfGaussians{4, {{0, 0.5}, {1, 0.5}}}, kAdd},
          {TreeAggregation{9, {5, 9}}, kZero},
          {PoissonSampled{0.1, gaussian}, kAdd},
          {PoissonSampled{0.1, gaussian}, kReplace},
          {PoissonSampled{0.1, Laplace{2}}, kZero},
          {PoissonSampled{0.1, DiscreteLaplace{4, 2}}, kAdd},
          {PoissonSampled{0.1, EpsilonDelta{0.3, 1e-8}}, kAdd},
          {PoissonSampled{0.1, ZeroConcentrated{0.1}}, kReplace},
          {PoissonSampled{0.1, Composed{{Gaussian{3}, Laplace{3}}}}, kAdd},
          {SampledWithoutReplacement{100, 3, gaussian}, kReplace},
          {SampledWithoutReplacement{100, 3, ExponentialMechanism{0.5}}, kReplace},
          {SampledWithoutReplacement{100, 3, gaussian}, kZero},
          {TruncatedPoissonSampled{1000, 0.1, 150, gaussian}, kAdd},
          {TruncatedPoissonSampled{1000, 0.1, 150, gaussian}, kZero},
          {Shuffled{10, gaussian}, kZero},
          {BallsAndBins{10, gaussian}, kAdd},
          {BallsAndBins{10, gaussian}, kReplace},
          {RepeatAndSelect{Gaussian{9}, 3, 1}, kAdd},
          {RepeatAndSelect{Gaussian{9}, 3, kInfinity}, kZero},
          {RepeatAndSelect{EpsilonDelta{0.01, 1e-9}, 3, 0}, kAdd},
          {Composed{{gaussian, Laplace{9}}}, kAdd},
          {SelfComposed{Laplace{30}, 4}, kReplace}};
}

double epsilon(const Event& event, Neighbours neighbours, std::uint64_t count, double delta) {
  Ledger ledger(neighbours);
  ledger.append(event, count);
  return kAccountant->epsilon(ledger, delta);
}

double delta(const Event& event, Neighbours neighbours, std::uint64_t count, double epsilon) {
  Ledger ledger(neighbours);
  ledger.append(event, count);
  return kAccountant->delta(ledger, epsilon);
}

TEST(RdpEvents, EveryEventWithCountNEqualsNSingleEvents) {
  for (const auto& [event, neighbours] : releases()) {
    const std::uint64_t count = 7;
    Ledger apart(neighbours);
    for (std::uint64_t i = 0; i < count; ++i) {
      apart.append(event);
      apart.append(ZeroConcentrated{0});  // keeps neighbouring entries from being merged
    }
    ASSERT_EQ(apart.entries().size(), 2 * count);
    const double single = epsilon(event, neighbours, 1, 1e-5);
    const double counted = epsilon(event, neighbours, count, 1e-5);
    const std::string what = to_text(event);
    EXPECT_GT(counted, 1.1 * single) << what;
    EXPECT_LE(counted, static_cast<double>(count) * epsilon(event, neighbours, 1, 1e-5 / 7.01) * (1 + 1e-9)) << what;
    EXPECT_NEAR(kAccountant->epsilon(apart, 1e-5) / counted, 1, 1e-9) << what;
    const std::vector<Event> copies(count, event);
    EXPECT_NEAR(epsilon(Composed{copies}, neighbours, 1, 1e-5) / counted, 1, 1e-9) << what;
    EXPECT_NEAR(epsilon(SelfComposed{event, count}, neighbours, 1, 1e-5) / counted, 1, 1e-9) << what;
    EXPECT_NEAR(delta(SelfComposed{event, count}, neighbours, 1, single) / delta(event, neighbours, count, single), 1,
                1e-9)
        << what;
    const double divergence = renyi_divergence(event, neighbours, 3.5);
    if (divergence < kInfinity) {
      EXPECT_NEAR(renyi_divergence(SelfComposed{SelfComposed{event, 2}, 3}, neighbours, 3.5) / divergence, 6, 1e-9)
          << what;
    }
  }
}

TEST(RdpEvents, EveryDivergenceGrowsWithTheOrder) {
  for (const auto& [event, neighbours] : releases()) {
    double last = 0;
    for (double order : {1 + 1e-9, 1.001, 1.3, 1.99, 2.0, 2.5, 8.0, 40.0, 255.5, 1e3, 1e6, 1e12}) {
      const double found = renyi_divergence(event, neighbours, order);
      EXPECT_GE(found, last * (1 - 1e-9)) << to_text(event) << " order " << order;
      last = found;
    }
  }
}

TEST(RdpEvents, DeltaAndEpsilonAreInverse) {
  for (const auto& [event, neighbours] : releases()) {
    for (double asked : {1e-4, 1e-7}) {
      const double found = epsilon(event, neighbours, 3, asked);
      EXPECT_LE(delta(event, neighbours, 3, found), asked * (1 + 1e-5)) << to_text(event);
    }
  }
}

TEST(RdpEvents, AreNeverAmplifiedBelowSamplingOfTheSameRate) {
  // Sampling never costs more than the event itself, and never helps by more than to the rate.
  for (const Event& inner : {Event(Laplace{1}), Event(DiscreteLaplace{2, 2}), Event(ExponentialMechanism{1}),
                             Event(DiscreteGaussian{2, 1}), Event(BallsAndBins{3, Gaussian{1}})}) {
    for (double order : {1.1, 4.0, 100.0}) {
      const double whole = renyi_divergence(inner, kAdd, order);
      const double sampled = renyi_divergence(PoissonSampled{0.05, inner}, kAdd, order);
      EXPECT_LT(sampled, whole) << to_text(inner);
      EXPECT_GT(sampled, 0.05 * 0.05 * 0.1 * whole) << to_text(inner);
      EXPECT_EQ(renyi_divergence(PoissonSampled{0.5, PoissonSampled{0.1, inner}}, kAdd, order),
                renyi_divergence(PoissonSampled{std::nextafter(0.5 * 0.1, 1.0), inner}, kAdd, order));
    }
  }
}

// Faults of other accountants. dp_accounting 0.6.0, RdpAccountant: 100 uses of the exponential mechanism cost as one.
TEST(PeersFaults, TheExponentialMechanismIsCounted) {
  // One mechanism of that bounded range has the losses 0.05 and -0.05.
  const double hundred = epsilon(ExponentialMechanism{0.1}, kAdd, 100, 1e-6);
  EXPECT_LE(delta_of_two_answers(100, 0.05L, hundred), 1e-6);
  EXPECT_LT(hundred, 2.5);
  EXPECT_LE(epsilon(ExponentialMechanism{0.1}, kAdd, 1, 1e-6), 0.1 * (1 + 1e-9));
}

// dp_accounting 0.6.0, PLDAccountant: 10 uses of randomised response cost as one.
TEST(PeersFaults, RandomizedResponseIsCounted) {
  EXPECT_GT(epsilon(RandomizedResponse{0.3, 4}, kReplace, 10, 1e-6), 23.3);
  EXPECT_NEAR(epsilon(RandomizedResponse{0.3, 4}, kReplace, 1, 1e-6), std::log1p(4 * 0.7 / 0.3), 1e-4);
}

// dp_accounting 0.6.0: RepeatAndSelect adds the delta of its inner event once, whatever mean and count.
TEST(PeersFaults, EveryRunOfASelectionPaysItsDelta) {
  const Event selection = RepeatAndSelect{EpsilonDelta{0.1, 1e-3}, 100, 1};
  EXPECT_EQ(epsilon(selection, kAdd, 1, 2e-3), kInfinity);
  EXPECT_EQ(epsilon(selection, kAdd, 1, 0.0999), kInfinity);
  EXPECT_LT(epsilon(selection, kAdd, 1, 0.11), 1);
  EXPECT_EQ(epsilon(selection, kAdd, 2, 0.11), kInfinity);
  EXPECT_LT(epsilon(selection, kAdd, 2, 0.2), 1);
  EXPECT_EQ(epsilon(RepeatAndSelect{SelfComposed{EpsilonDelta{0.01, 1e-3}, 2}, 100, 1}, kAdd, 1, 0.19), kInfinity);
}

// Opacus 1.5.4: 58 % low at order 2 for a sampling rate of 1e-8, and negative at fractional orders.
TEST(PeersFaults, TinySamplingRatesKeepTheirDigits) {
  for (double rate : {1e-6, 1e-8, 1e-12}) {
    for (Neighbours neighbours : {kAdd, kReplace}) {
      const double second = neighbours == kAdd ? std::expm1(1) : std::exp(1) - std::exp(-1);
      for (double order : {1.1, 2.0, 2.5}) {
        const double exact = order * rate * rate * (neighbours == kAdd ? second : second * 2) / 2;
        const double found = renyi_divergence(PoissonSampled{rate, Gaussian{1}}, neighbours, order);
        EXPECT_NEAR(found / exact, 1, 20 * rate + 1e-10) << rate << " " << order << " " << to_text(neighbours);
      }
    }
    EXPECT_GT(renyi_divergence(SampledWithoutReplacement{1'000'000'000, 1, Gaussian{2}}, kReplace, 1.1), 0);
    EXPECT_GT(renyi_divergence(PoissonSampled{rate, Laplace{1}}, kAdd, 1.1), 0);
  }
}

// dp_accounting 0.6.0: the noise multiplier means noise / distance in one accountant and noise / clip bound in the
// other.
TEST(PeersFaults, TheNoiseMultiplierMeansTheSameUnderAllNeighbours) {
  for (double order : {1.5, 2.0, 9.0}) {
    EXPECT_NEAR(renyi_divergence(Gaussian{1}, kReplace, order), 4 * renyi_divergence(Gaussian{1}, kZero, order), 1e-8);
    EXPECT_EQ(renyi_divergence(Laplace{4}, kReplace, order), renyi_divergence(Laplace{2}, kZero, order));
    EXPECT_EQ(renyi_divergence(DiscreteLaplace{4, 1}, kReplace, order),
              renyi_divergence(DiscreteLaplace{4, 2}, kZero, order));
  }
  EXPECT_GT(epsilon(Gaussian{1}, kReplace, 1, 1e-5), 9.997);  // exact; half the distance gives 4.73
}

// RDP conversions exceed the pure epsilon of Laplace and exponential mechanisms in dp_accounting 0.6.0.
TEST(PeersFaults, PureEpsilonIsNeverExceeded) {
  for (double asked : {0.0, 1e-300, 1e-12, 1e-3}) {
    EXPECT_LE(epsilon(Laplace{2}, kAdd, 3, asked), 1.5 * (1 + 1e-9));
    EXPECT_LE(epsilon(Composed{{Laplace{2}, ExponentialMechanism{0.5}, EpsilonDelta{0.25, 0}}}, kAdd, 1, asked),
              1.25 * (1 + 1e-9));
    EXPECT_LE(epsilon(PoissonSampled{0.1, Laplace{1}}, kAdd, 1, asked), std::log1p(0.1 * std::expm1(1)) * (1 + 1e-9));
  }
  EXPECT_EQ(delta(Laplace{2}, kAdd, 3, 1.5001), 0);
  EXPECT_GT(delta(Laplace{2}, kAdd, 3, 1.4), 0);
  Ledger ledger(kAdd);
  ledger.append(Laplace{2}, 3);
  const Bound bound = kAccountant->epsilon_bound(ledger, 0);
  EXPECT_FALSE(bound.order.has_value());
  ASSERT_EQ(bound.notes.size(), 1u);
  EXPECT_NE(bound.notes[0].find("largest privacy losses"), std::string::npos);
}

TEST(RdpEvents, DeltasOfEventsAreSpentFirst) {
  EXPECT_EQ(epsilon(EpsilonDelta{0.5, 1e-6}, kAdd, 10, 0.999e-5), kInfinity);
  EXPECT_NEAR(epsilon(EpsilonDelta{0.5, 1e-6}, kAdd, 1, 1.0001e-6), 0.5, 1e-3);
  EXPECT_NEAR(delta(EpsilonDelta{0.5, 1e-6}, kAdd, 10, 6) / 1e-5, 1, 1e-5);
  EXPECT_EQ(delta(EpsilonDelta{0.5, 1}, kAdd, 10, 6), 1);
  EXPECT_NEAR(delta(PoissonSampled{0.1, EpsilonDelta{0.5, 1e-6}}, kAdd, 1, 1) / 1e-7, 1, 1e-9);
  // Together with a Gaussian, the two add up.
  const Event both = Composed{{Gaussian{2}, EpsilonDelta{0.5, 1e-6}}};
  EXPECT_GT(epsilon(both, kAdd, 1, 2e-6), epsilon(Composed{{Gaussian{2}, EpsilonDelta{0.5, 0}}}, kAdd, 1, 1.0001e-6));
  EXPECT_LT(epsilon(both, kAdd, 1, 2e-6), 0.5 + epsilon(Gaussian{2}, kAdd, 1, 0.9999e-6));
}

TEST(RdpEvents, NeverGoBelowTheExactCompositionOfPureEvents) {
  // k runs of (epsilon, 0): delta(e) of the two answers is a sum over how many were likely.
  for (int k : {1, 5, 60}) {
    for (double each : {0.02, 0.3, 1.0}) {
      for (double share : {0.1, 0.4, 0.8}) {
        const double asked = share * k * each;
        const double exact = delta_of_two_answers(k, each, asked);
        EXPECT_GE(delta(EpsilonDelta{each, 0}, kAdd, static_cast<std::uint64_t>(k), asked), exact * (1 - 1e-12))
            << k << " " << each << " " << share;
      }
    }
  }
}

TEST(RdpEvents, NotesAreStatedOnce) {
  Ledger ledger(kZero);
  for (double noise : {1.0, 2.0, 3.0}) ledger.append(Shuffled{10, Gaussian{noise}});
  ledger.append(SelfComposed{Composed{{Shuffled{4, Gaussian{5}}, BallsAndBins{4, Laplace{5}}}}, 3});
  EXPECT_EQ(kAccountant->epsilon_bound(ledger, 1e-5).notes.size(), 2u);
  EXPECT_EQ(kAccountant->guarantee(ledger, 1e-5).notes.size(), 2u);
}

TEST(RdpEvents, RefusalsNameEventNeighboursAndReason) {
  const std::vector<std::pair<Release, std::string>> refusals = {
      {{RandomizedResponse{0.5, 2}, kAdd}, "randomized_response under add_or_remove_one neighbours, because"},
      {{MixtureOfGaussians{1, {{1, 1}}}, kReplace}, "mixture_of_gaussians under replace_one neighbours, because"},
      {{PoissonSampled{0.1, MixtureOfGaussians{1, {{1, 1}}}}, kReplace}, "mixture_of_gaussians under replace_one"},
      {{TreeAggregation{1, {4}}, kReplace}, "tree_aggregation under replace_one neighbours, because"},
      {{SampledWithoutReplacement{9, 2, Laplace{1}}, kAdd}, "sampled_without_replacement { laplace } under add_or"},
      {{PoissonSampled{0.1, SampledWithoutReplacement{9, 2, Laplace{1}}}, kZero}, "its dataset size would be random"},
      {{PoissonSampled{0.1, Composed{{Laplace{1}, SampledWithoutReplacement{9, 2, Laplace{1}}}}}, kZero},
       "its dataset size would be random"},
      {{PoissonSampled{0.1, SelfComposed{TruncatedPoissonSampled{9, 0.1, 2, Gaussian{1}}, 2}}, kZero},
       "its dataset size would be random"},
      {{TruncatedPoissonSampled{9, 0.1, 2, SelfComposed{SampledWithoutReplacement{9, 2, Laplace{1}}, 3}}, kZero},
       "its dataset size would be random"},
      {{BallsAndBins{3, RepeatAndSelect{SampledWithoutReplacement{9, 2, Laplace{1}}, 2, 1}}, kZero},
       "its dataset size would be random"},
      {{TruncatedPoissonSampled{9, 0.1, 2, Laplace{1}}, kAdd}, "truncated_poisson_sampled { laplace } under add_or"},
      {{RepeatAndSelect{RepeatAndSelect{Gaussian{1}, 2, kInfinity}, 2, kInfinity}, kAdd}, "it would take too long"}};
  for (const auto& [release, words] : refusals) {
    try {
      epsilon(Composed{{Gaussian{1}, release.event}}, release.neighbours, 1, 1e-5);
      FAIL() << words;
    } catch (const UnsupportedEvent& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
}

TEST(RdpEvents, AnswerWithExtremeNumbers) {
  const std::vector<Release> extreme = {
      {Laplace{1e-300}, kAdd},
      {Laplace{1e300}, kAdd},
      {PoissonSampled{1e-300, Laplace{1e-5}}, kAdd},
      {PoissonSampled{0.5, Laplace{1e-2}}, kAdd},
      {DiscreteLaplace{1e300, 1u << 31}, kReplace},
      {DiscreteLaplace{1e-300, 1}, kAdd},
      {PoissonSampled{0.3, DiscreteLaplace{1e-3, 1u << 31}}, kAdd},
      {RandomizedResponse{1e-320, ~std::uint64_t{0}}, kReplace},
      {RandomizedResponse{1, 2}, kReplace},
      {ExponentialMechanism{1e300}, kAdd},
      {ExponentialMechanism{1e-300}, kAdd},
      {EpsilonDelta{1e300, 0}, kAdd},
      {EpsilonDelta{1e-300, 0}, kAdd},
      {PoissonSampled{1e-9, EpsilonDelta{1e300, 0}}, kAdd},
      {ZeroConcentrated{1e308, 1e308}, kAdd},
      {MixtureOfGaussians{1e-200, {{1e200, 1e-300}, {0, 1}}}, kAdd},
      {MixtureOfGaussians{1e200, {{1e-200, 0.5}, {0, 0.5}}}, kAdd},
      {PoissonSampled{1e-300, Gaussian{1e-300}}, kReplace},
      {PoissonSampled{0.5, Gaussian{1e300}}, kReplace},
      {SampledWithoutReplacement{~std::uint64_t{0}, 1, Gaussian{1e-5}}, kReplace},
      {SampledWithoutReplacement{2, 1, Gaussian{1e9}}, kZero},
      {TruncatedPoissonSampled{~std::uint64_t{0}, 0.5, 1, Gaussian{1}}, kAdd},
      {TruncatedPoissonSampled{~std::uint64_t{0}, 1e-9, 1u << 31, Gaussian{1}}, kZero},
      {TreeAggregation{1e-9, {~std::uint64_t{0}}}, kAdd},
      {RepeatAndSelect{Gaussian{1e9}, 1e300, -0.999}, kAdd},
      {RepeatAndSelect{Gaussian{1}, 1e-300, kInfinity}, kAdd},
      {RepeatAndSelect{Gaussian{1}, 1e300, kInfinity}, kAdd},
      {RepeatAndSelect{Gaussian{1}, 1e300, 1e300}, kAdd},
      {SelfComposed{SelfComposed{Laplace{1}, ~std::uint64_t{0}}, ~std::uint64_t{0}}, kAdd}};
  for (const auto& [event, neighbours] : extreme) {
    for (double asked : {0.0, 1e-300, 1e-5, 0.9}) {
      const double found = epsilon(event, neighbours, 3, asked);
      EXPECT_GE(found, 0) << to_text(event) << " delta " << asked;  // not a number is not
      const double back = delta(event, neighbours, 3, std::min(found, 1e308));
      EXPECT_TRUE(back >= 0 && back <= 1) << to_text(event) << " delta " << asked;
    }
    for (double order : {1 + 1e-12, 2.0, 1e14})
      EXPECT_GE(renyi_divergence(event, neighbours, order), 0) << to_text(event);
  }
}

}  // namespace
}  // namespace dpml::renyi
