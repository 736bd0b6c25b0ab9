#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dpml/accounting/accountant.h"
#include "reference_cases.h"
#include "renyi/zcdp_accountant.h"

namespace dpml::renyi {
namespace {

const std::unique_ptr<Accountant> kZcdp = make_accountant("zcdp");

double epsilon(const Event& event, double delta, Neighbours neighbours = Neighbours::zero_out,
               std::uint64_t count = 1) {
  Ledger ledger(neighbours);
  ledger.append(event, count);
  return kZcdp->epsilon(ledger, delta);
}

TEST(Zcdp, AgreesWithReference) {
  const std::vector<json> cases = reference_cases("zcdp_epsilon");
  EXPECT_EQ(cases.size(), 2u);
  for (const json& one : cases) {
    Ledger ledger(Neighbours::zero_out);
    ledger.append(ZeroConcentrated{number_at(one, "/inputs/rho")});
    const Bound ours = kZcdp->epsilon_bound(ledger, number_at(one, "/inputs/delta"));
    EXPECT_NEAR(ours.upper / number_at(one, "/expected/epsilon_continuous"), 1, 1e-9) << one.at("id");
    EXPECT_GE(ours.upper, number_at(one, "/expected/epsilon_continuous") * (1 - 1e-15)) << one.at("id");
    EXPECT_NEAR(ours.order.value() / number_at(one, "/expected/order"), 1, 1e-3) << one.at("id");
    EXPECT_EQ(ours.method, "zcdp");
  }
}

TEST(Zcdp, AddsUpWhatEachEventCosts) {
  const double delta = 1e-6;
  const double one = epsilon(ZeroConcentrated{0.5}, delta);
  EXPECT_NEAR(epsilon(Gaussian{1}, delta), one, 1e-12);
  EXPECT_NEAR(epsilon(DiscreteGaussian{3, 3}, delta), one, 1e-12);
  EXPECT_NEAR(epsilon(TreeAggregation{2, {9}}, delta), one, 1e-12) << "9 leaves: 4 levels";
  EXPECT_NEAR(epsilon(MixtureOfGaussians{2, {{0, 0.25}, {2, 0.75}}}, delta), one, 1e-12);
  EXPECT_NEAR(epsilon(Gaussian{2}, delta, Neighbours::replace_one), one, 1e-12);
  EXPECT_NEAR(epsilon(Composed{{Gaussian{2}, ZeroConcentrated{0.125}, SelfComposed{ZeroConcentrated{0.05}, 5}}}, delta),
              one, 1e-12);
  EXPECT_NEAR(epsilon(ZeroConcentrated{0.5, 0.25}, delta), one + 0.25, 1e-10);
  EXPECT_NEAR(epsilon(Shuffled{9, ZeroConcentrated{0.1}}, delta, Neighbours::add_or_remove_one), one, 1e-10)
      << "one unit more, and one removed and one added";
  // Pure events, so many that the sum of their epsilons is larger.
  const double pure = epsilon(ZeroConcentrated{100 * 0.1 * std::tanh(0.05)}, delta);
  EXPECT_NEAR(epsilon(EpsilonDelta{0.1, 0}, delta, Neighbours::zero_out, 100), pure, 1e-10);
  EXPECT_NEAR(epsilon(DiscreteLaplace{20, 2}, delta, Neighbours::zero_out, 100), pure, 1e-10);
  EXPECT_NEAR(epsilon(Laplace{10}, delta, Neighbours::zero_out, 100),
              epsilon(ZeroConcentrated{100 * (0.1 + std::expm1(-0.1))}, delta), 1e-12);
  EXPECT_NEAR(epsilon(ExponentialMechanism{0.2}, delta, Neighbours::zero_out, 100), one, 1e-12);
}

/// The Renyi divergence of order 1 + b from two probabilities that occur in the ratio exp(epsilon) one way or the
/// other.
long double randomised_response_divergence(long double epsilon, long double b) {
  const long double both = std::exp(b * epsilon) + std::exp(-(1 + b) * epsilon);
  return (std::log(both) - std::log1p(std::exp(-epsilon))) / b;
}

long double laplace_divergence(long double epsilon, long double b) {
  return std::log(((1 + b) * std::exp(b * epsilon) + b * std::exp(-(1 + b) * epsilon)) / (1 + 2 * b)) / b;
}

TEST(Zcdp, IsTheLeastRhoOfWhatIsPure) {
  const auto rho_of = [](const Event& event) {
    Ledger ledger(Neighbours::zero_out);
    ledger.append(event);
    return concentrated_total(ledger).rho;
  };
  for (double epsilon = 1e-3; epsilon < 1e3; epsilon *= 1.7) {
    const double pure = rho_of(EpsilonDelta{epsilon, 0});
    const double laplace = rho_of(Laplace{1 / epsilon});
    EXPECT_LE(pure, 0.5 * epsilon * epsilon * (1 + 1e-10));
    EXPECT_LE(laplace, pure);
    for (long double b = 1e-6L; b < 1e4L / epsilon; b *= 1.3L) {
      const long double rounding = 1e-18L * (1 + epsilon) / b;
      EXPECT_LE(randomised_response_divergence(epsilon, b), (1 + b) * pure + rounding) << epsilon << " " << b;
      EXPECT_LE(laplace_divergence(epsilon, b), (1 + b) * laplace + rounding) << epsilon << " " << b;
    }
    // At order 1 nothing is to spare.
    const long double near_one = 1e-5L / (1 + epsilon);
    EXPECT_NEAR(static_cast<double>(randomised_response_divergence(epsilon, near_one)) / pure, 1, 1e-4) << epsilon;
    EXPECT_NEAR(static_cast<double>(laplace_divergence(epsilon, near_one)) / laplace, 1, 1e-4) << epsilon;
  }
}

TEST(Zcdp, NeverExceedsTheSumOfPureEpsilons) {
  EXPECT_EQ(epsilon(EpsilonDelta{0.5, 0}, 1e-30, Neighbours::zero_out, 3), 1.5);
  EXPECT_EQ(epsilon(ExponentialMechanism{0.25}, 0, Neighbours::zero_out, 2), 0.5);
  EXPECT_NEAR(epsilon(RandomizedResponse{0.5, 2}, 0, Neighbours::replace_one), std::log(3.0), 1e-12);
  Ledger ledger(Neighbours::zero_out);
  ledger.append(Laplace{2}, 4);
  EXPECT_EQ(kZcdp->delta(ledger, 2.01), 0);
  EXPECT_GT(kZcdp->delta(ledger, 1.9), 0);
}

TEST(Zcdp, ChargesEveryDelta) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(epsilon(EpsilonDelta{0.5, 1e-3}, 2.9e-3, Neighbours::zero_out, 3), infinity);
  EXPECT_EQ(epsilon(EpsilonDelta{0.5, 1e-3}, 1e-3), 0.5) << "nothing is lost to rounding";
  EXPECT_NEAR(epsilon(Composed{{EpsilonDelta{0, 1e-3}, ZeroConcentrated{0.5}}}, 2e-3),
              epsilon(ZeroConcentrated{0.5}, 1e-3), 1e-9);
  Ledger ledger(Neighbours::zero_out);
  ledger.append(EpsilonDelta{0.5, 1e-3}, 3);
  EXPECT_NEAR(kZcdp->delta(ledger, 1.5), 3e-3, 1e-15);
}

TEST(Zcdp, RefusesWhatItCannotTellByName) {
  const auto refusal = [](const Event& event) -> std::string {
    try {
      epsilon(event, 1e-5);
    } catch (const UnsupportedEvent& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal(PoissonSampled{0.1, Gaussian{1}}).find("poisson_sampled"), std::string::npos);
  EXPECT_NE(refusal(SampledWithoutReplacement{10, 3, Gaussian{1}}), "");
  EXPECT_NE(refusal(TruncatedPoissonSampled{10, 0.3, 5, Gaussian{1}}), "");
  EXPECT_NE(refusal(BallsAndBins{10, Gaussian{1}}), "");
  EXPECT_NE(refusal(RepeatAndSelect{Gaussian{1}, 3, 1}), "");
  EXPECT_NE(refusal(RandomizedResponse{0.5, 2}), "") << "under zero_out";
  EXPECT_EQ(refusal(Shuffled{10, Gaussian{1}}), "");
}

TEST(Zcdp, NothingIsCertifiedWithoutNoise) {
  EXPECT_EQ(epsilon(NonPrivate{}, 0.5), std::numeric_limits<double>::infinity());
  EXPECT_EQ(epsilon(Gaussian{0}, 0.5), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace dpml::renyi
