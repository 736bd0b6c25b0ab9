// The Renyi divergence of every kind of event against a slow twin.

#include <gtest/gtest.h>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/renyi.h"
#include "pair_twins.h"
#include "short_names.h"

namespace dpml::renyi {
namespace {

constexpr double kDocumented = 1e-10;

double divergence(const Event& event, Neighbours neighbours, double order) {
  return renyi_divergence(event, neighbours, order);
}

/// At most what the documentation allows above the truth; `cancelled` is what the twin itself loses.
void expect_just_above(double value, double truth, const std::string& what, double cancelled = 1e-17) {
  EXPECT_GE(value, truth - cancelled) << what;
  EXPECT_LE(value, truth * (1 + kDocumented) + cancelled) << what;
}

std::string describe(const Event& event, double order) {
  return to_text(event) + " order " + std::to_string(order);
}

TEST(RenyiKinds, LaplaceIsTheIntegralPlainOrSampled) {
  for (double loss : {0.001, 0.2, 1.0, 7.0, 20.0}) {
    for (double rate : {1.0, 0.5, 0.01}) {
      const std::vector<TwinOutcome> twin = laplace_twin(loss, rate);
      for (double order : {1.001, 1.5, 2.0, 7.5, 60.0, 500.0}) {
        if (order * loss > 8000) continue;  // would overflow the twin
        const Event event = PoissonSampled{rate, Laplace{1 / loss}};
        // Simpson's rule leaves (b loss / 20000)^4 / 180.
        const double truth = divergence_of(twin, order);
        EXPECT_NEAR(divergence(event, kAdd, order) / truth, 1, 1e-9 + std::pow(order * loss / 20000, 4))
            << describe(event, order);
      }
    }
  }
}

TEST(RenyiKinds, LaplaceIsStableAtBothEnds) {
  // Small losses: a loss^2 / 2, less a term of third order.
  for (double loss : {1e-4, 1e-9, 1e-14}) {
    for (double order : {1 + 1e-12, 1.5, 30.0}) {
      EXPECT_NEAR(divergence(Laplace{1 / loss}, kZero, order) / (order * loss * loss / 2), 1, 40 * loss + kDocumented);
    }
  }
  // Large orders: the loss itself, less log(2) / (a - 1).
  for (double order : {1e3, 1e9, 1e15}) {
    expect_just_above(divergence(Laplace{0.5}, kAdd, order), 2 + std::log(order / (2 * order - 1)) / (order - 1), "");
  }
  EXPECT_NEAR(divergence(Laplace{1e-5}, kAdd, 2), 1e5, 1);
}

TEST(RenyiKinds, DiscreteLaplaceIsTheSumOverTheIntegers) {
  for (double scale : {0.3, 1.0, 4.0, 12.0}) {
    for (unsigned sensitivity : {1u, 2u, 7u, 40u}) {
      const auto twin =
          lattice_twin([&](int z) { return -std::fabs(static_cast<long double>(z)) / static_cast<long double>(scale); },
                       static_cast<int>(sensitivity), static_cast<int>(50 * scale) + 60);
      for (double order : {1.001, 1.5, 2.0, 9.5}) {
        if (order * sensitivity / scale > 600) continue;
        const Event event = DiscreteLaplace{scale, sensitivity};
        expect_just_above(divergence(event, kAdd, order), divergence_of(twin, order), describe(event, order), 1e-15);
        std::vector<TwinOutcome> sampled = twin;
        for (TwinOutcome& one : sampled) one.p = 0.1L * one.p + 0.9L * one.q;
        const Event rare = PoissonSampled{0.1, event};
        EXPECT_NEAR(divergence(rare, kZero, order) / divergence_of(sampled, order), 1, kDocumented)
            << describe(rare, order);
      }
    }
  }
}

TEST(RenyiKinds, DiscreteLaplaceOnAFineLatticeIsLaplace) {
  for (double order : {1 + 1e-9, 1.5, 20.0}) {
    for (double loss : {1e-5, 0.1, 3.0}) {
      const std::uint64_t steps = std::uint64_t{1} << 30;
      const double fine = divergence(DiscreteLaplace{static_cast<double>(steps) / loss, steps}, kAdd, order);
      EXPECT_NEAR(fine / divergence(Laplace{1 / loss}, kAdd, order), 1, 1e-8) << order << " " << loss;
    }
  }
}

TEST(RenyiKinds, RandomizedResponseIsTheSumOverItsAnswers) {
  for (double noise : {1.0, 0.9, 0.3, 1e-6}) {
    for (unsigned categories : {2u, 4u, 1000u}) {
      const long double other = static_cast<long double>(noise) / categories;
      const long double own = 1 - static_cast<long double>(noise) + other;
      std::vector<TwinOutcome> twin = {
          {own, other}, {other, own}, {other * (categories - 2), other * (categories - 2)}};
      for (double order : {1.01, 2.0, 30.0}) {
        const Event event = RandomizedResponse{noise, categories};
        expect_just_above(divergence(event, kReplace, order), divergence_of(twin, order), describe(event, order));
      }
    }
  }
  EXPECT_THROW(divergence(RandomizedResponse{0.5, 2}, kZero, 2), UnsupportedEvent);
}

TEST(RenyiKinds, PureEventsAreNoWorseThanTwoAnswers) {
  for (double epsilon : {1e-6, 0.1, 1.0, 20.0}) {
    const long double likely = 1 / (1 + std::exp(-static_cast<long double>(epsilon)));
    const std::vector<TwinOutcome> twin = {{likely, 1 - likely}, {1 - likely, likely}};
    for (double order : {1.01, 2.0, 30.0}) {
      const double truth = divergence_of(twin, order);
      expect_just_above(divergence(EpsilonDelta{epsilon, 0}, kAdd, order), truth, std::to_string(epsilon));
      EXPECT_EQ(renyi_divergence_of_pure(epsilon, order), divergence(EpsilonDelta{epsilon, 0}, kAdd, order));
      EXPECT_LE(divergence(Laplace{1 / epsilon}, kAdd, order), truth * (1 + kDocumented));
      EXPECT_LE(divergence(ExponentialMechanism{epsilon}, kAdd, order), truth * (1 + kDocumented));
      EXPECT_LE(truth, order * rho_of_pure(epsilon));
    }
    EXPECT_LE(rho_of_pure(epsilon), epsilon * epsilon / 2 * (1 + kDocumented));
    EXPECT_NEAR(rho_of_pure(epsilon) / renyi_divergence_of_pure(epsilon, 1 + 1e-9), 1, 1e-7);
  }
  EXPECT_EQ(divergence(EpsilonDelta{0.1, 1e-9}, kAdd, 2), kInfinity);
}

TEST(RenyiKinds, ExponentialMechanismIsTheWorstOfItsRange) {
  for (double epsilon : {1e-7, 0.01, 0.5, 3.0, 40.0}) {
    for (double order : {1.0001, 1.5, 2.0, 17.0, 400.0}) {
      const double found = divergence(ExponentialMechanism{epsilon}, kAdd, order);
      double worst = 0;
      for (int i = 1; i < 4000; ++i) {
        const long double top = static_cast<long double>(epsilon) * i / 4000;
        const long double q = std::expm1(epsilon - top) / std::expm1(static_cast<long double>(epsilon));
        const long double p = std::exp(top) * q;
        const long double b = static_cast<long double>(order) - 1;
        // log of q exp(a top) + (1 - q) exp(a (top - epsilon)).
        const long double value =
            b * epsilon > 1 ? order * top + std::log(q + (1 - q) * std::exp(-order * static_cast<long double>(epsilon)))
                            : cumulant_of({{p, q}, {1 - p, 1 - q}}, order);
        worst = std::max(worst, static_cast<double>(value / b));
      }
      EXPECT_GE(found, worst * (1 - 1e-18 / epsilon)) << epsilon << " " << order;  // what the twin loses
      // Near the best t the logarithm is parabolic with a curvature of about b.
      const double grid = std::min(1.0, (order - 1) * epsilon) * epsilon / 4000;
      EXPECT_LE(found, worst * (1 + 1e-6) + grid) << epsilon << " " << order;
      EXPECT_LE(found, epsilon * (1 + kDocumented));
    }
  }
  EXPECT_EQ(divergence(ExponentialMechanism{0}, kAdd, 2), 0);
}

TEST(RenyiKinds, DiscreteGaussianIsBoundedByItsConcentration) {
  for (double scale : {0.4, 1.0, 5.0}) {
    for (int sensitivity : {1, 3}) {
      const auto twin = lattice_twin(
          [&](int z) { return -static_cast<long double>(z) * z / (2 * static_cast<long double>(scale * scale)); },
          sensitivity, 200);
      for (double order : {1.01, 2.0, 5.5}) {
        const Event event = DiscreteGaussian{scale, static_cast<std::uint64_t>(sensitivity)};
        const double bound = order * sensitivity * sensitivity / (2 * scale * scale);
        EXPECT_GE(divergence(event, kAdd, order), divergence_of(twin, order));
        expect_just_above(divergence(event, kAdd, order), bound, describe(event, order));
        expect_just_above(divergence(event, kReplace, order), 4 * bound, describe(event, order));
      }
    }
  }
}

TEST(RenyiKinds, ZeroConcentratedAndTreesAreTheirDefinitions) {
  expect_just_above(divergence(ZeroConcentrated{0.3, 0.1}, kReplace, 5), 1.6, "");
  EXPECT_EQ(divergence(ZeroConcentrated{0, 0}, kReplace, 5), 0);
  const std::vector<std::pair<std::uint64_t, int>> levels = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {1000, 10}, {1024, 11}};
  for (const auto& [leaves, depth] : levels) {
    expect_just_above(divergence(TreeAggregation{3, {1, leaves}}, kZero, 7), 7 * depth / 18.0, std::to_string(leaves));
  }
  EXPECT_EQ(divergence(TreeAggregation{0, {1}}, kZero, 2), kInfinity);
  EXPECT_THROW(divergence(TreeAggregation{1, {1}}, kReplace, 2), UnsupportedEvent);
}

TEST(RenyiKinds, MixturesOfGaussiansAreTheIntegral) {
  const std::vector<std::vector<MixtureComponent>> mixtures = {
      {{0, 0.5}, {1, 0.3}, {2, 0.2}}, {{1, 1}}, {{0, 0.999}, {1, 1e-3}}, {{0.5, 0.9}, {3, 0.1}}, {{0, 1}}};
  for (const auto& components : mixtures) {
    for (double noise : {0.3, 1.0, 8.0}) {
      TwinMixture moved;
      double farthest = 0;
      for (const MixtureComponent& one : components) {
        moved.push_back({one.probability, one.sensitivity});
        farthest = std::max(farthest, one.sensitivity);
      }
      for (double order : {1.01, 1.5, 2.0, 6.5, 40.0}) {
        if (order * order * farthest * farthest / (noise * noise) > 4000) continue;
        const Event event = MixtureOfGaussians{noise, components};
        const double truth = divergence_of(outcomes_of(moved, {{1, 0}}, noise, order * farthest + 1), order);
        expect_just_above(divergence(event, kAdd, order), truth, describe(event, order), 1e-13 * truth + 1e-17);
      }
    }
  }
  EXPECT_THROW(divergence(MixtureOfGaussians{1, {{1, 1}}}, kReplace, 2), UnsupportedEvent);
  EXPECT_EQ(divergence(MixtureOfGaussians{0, {{1, 1}}}, kZero, 2), kInfinity);
}

TEST(RenyiKinds, ASampledGaussianIsAMixture) {
  for (double rate : {1e-9, 1e-3, 0.4}) {
    for (double noise : {0.2, 1.0, 30.0}) {
      for (double order : {1.01, 3.0, 20.5}) {
        const Event mixture = MixtureOfGaussians{noise, {{0, 1 - rate}, {1, rate}}};
        const Event sampled = PoissonSampled{rate, Gaussian{noise}};
        EXPECT_NEAR(divergence(mixture, kAdd, order) / divergence(sampled, kAdd, order), 1, 1e-7 + 1e-10 / rate * 1e-3)
            << describe(sampled, order);
        const Event twice = PoissonSampled{0.5, MixtureOfGaussians{noise, {{0, 1 - rate}, {1, rate}}}};
        EXPECT_NEAR(
            divergence(twice, kAdd, order) / divergence(PoissonSampled{0.5 * rate, Gaussian{noise}}, kAdd, order), 1,
            1e-7);
      }
    }
  }
}

TEST(RenyiKinds, SampledGaussianUnderReplaceOneIsTheIntegral) {
  for (double rate : {1e-6, 0.01, 0.3, 0.9}) {
    for (double noise : {0.25, 0.7, 3.0, 50.0}) {
      for (double order : {1.01, 1.5, 2.0, 9.5, 60.0}) {
        if (order * order / (noise * noise) > 2500) continue;
        const TwinMixture up = {{1 - rate, 0}, {rate, 1}};
        const TwinMixture down = {{1 - rate, 0}, {rate, -1}};
        const double truth = divergence_of(outcomes_of(up, down, noise, 2 * order), order);
        const Event event = PoissonSampled{rate, Gaussian{noise}};
        expect_just_above(divergence(event, kReplace, order), truth, describe(event, order), 1e-12 * truth + 1e-17);
        EXPECT_GT(divergence(event, kReplace, order), divergence(event, kAdd, order));
        EXPECT_LT(divergence(event, kReplace, order), divergence(Gaussian{noise}, kReplace, order));
      }
    }
  }
}

TEST(RenyiKinds, MixturesStayBoundsAtOrdersTooLargeToIntegrate) {
  for (double order : {1e5, 1e9, 1e14}) {
    // With probability 1/5, the sum moves by 2: a log(1/5) / b less than that Gaussian.
    const Event event = MixtureOfGaussians{0.5, {{0, 0.8}, {2, 0.2}}};
    const double least = order * 8 + order * std::log(0.2) / (order - 1);
    EXPECT_GE(divergence(event, kAdd, order), least);
    EXPECT_LE(divergence(event, kAdd, order), order * 8 * (1 + kDocumented));
    const Event sampled = PoissonSampled{0.2, Gaussian{0.5}};
    EXPECT_GE(divergence(sampled, kReplace, order), divergence(sampled, kAdd, order) * (1 - 1e-9));
    EXPECT_LE(divergence(sampled, kReplace, order), order * 8 * (1 + kDocumented));
  }
}

TEST(RenyiKinds, GaussiansOnOneBatchAreOne) {
  const Event several = Composed{{Gaussian{2}, SelfComposed{Composed{{Gaussian{3}}}, 4}}};
  const double noise = 1 / std::sqrt(0.25 + 4.0 / 9);
  for (Neighbours neighbours : {kAdd, kZero, kReplace}) {
    EXPECT_NEAR(divergence(several, neighbours, 5), divergence(Gaussian{noise}, neighbours, 5), 1e-9);
    EXPECT_NEAR(divergence(PoissonSampled{0.1, several}, neighbours, 5),
                divergence(PoissonSampled{0.1, Gaussian{noise}}, neighbours, 5), 1e-9);
  }
}

TEST(RenyiKinds, ConvexityBoundsTheSamplingOfAnything) {
  // Against the exact value of what it does not know the shape of.
  const Event disguised = ZeroConcentrated{0.5};
  for (double rate : {1e-3, 0.3}) {
    for (double order : {1.5, 4.0, 300.0, 1e7}) {
      const double bound = divergence(PoissonSampled{rate, disguised}, kAdd, order);
      EXPECT_GE(bound, divergence(PoissonSampled{rate, Gaussian{1}}, kAdd, order)) << rate << " " << order;
      EXPECT_LE(bound, divergence(Gaussian{1}, kAdd, order) * (1 + kDocumented));
      const Event pure = PoissonSampled{rate, EpsilonDelta{1, 0}};
      EXPECT_GE(divergence(pure, kAdd, order), divergence(PoissonSampled{rate, Laplace{1}}, kAdd, order));
      EXPECT_LE(divergence(pure, kAdd, order), std::log1p(rate * std::expm1(1)));
      EXPECT_GE(divergence(pure, kReplace, order), divergence(pure, kAdd, order));
    }
  }
}

}  // namespace
}  // namespace dpml::renyi
