#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/accounting/clt_estimate.h"
#include "dpml/accounting/shuffle_lower_bound.h"
#include "reference_cases.h"
#include "schedules.h"

namespace dpml::closed_forms {
namespace {

const std::unique_ptr<Accountant> kGdp = make_accountant("gdp");

Ledger ledger_of(const Event& event, std::uint64_t count = 1, Neighbours neighbours = Neighbours::zero_out) {
  Ledger ledger(neighbours);
  ledger.append(event, count);
  return ledger;
}

TEST(Gdp, ComposesGaussiansExactly) {
  std::mt19937_64 draw(41);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 300; ++i) {
    const double first = std::pow(10, -1 + 3 * uniform(draw));
    const double second = std::pow(10, -1 + 3 * uniform(draw));
    const auto count = static_cast<std::uint64_t>(std::pow(10, 6 * uniform(draw)));
    const double delta = std::pow(10, -300 * uniform(draw)) / 2;
    Ledger ledger = ledger_of(SelfComposed{Composed{{Gaussian{first}, Gaussian{second}}}, count}, 3);
    const long double mu =
        std::sqrt(3.0L * static_cast<long double>(count) *
                  (1 / (static_cast<long double>(first) * first) + 1 / (static_cast<long double>(second) * second)));
    const Interval exact = gaussian_epsilon(static_cast<double>(mu), delta);
    const Bound ours = kGdp->epsilon_bound(ledger, delta);
    EXPECT_GE(ours.upper, exact.lower);
    EXPECT_LE(ours.lower, exact.upper);
    EXPECT_LE(ours.lower, ours.upper);
    EXPECT_LT(ours.upper - ours.lower, 1e-10 * ours.upper);
    EXPECT_LE(kGdp->delta(ledger, ours.upper), delta * (1 + 1e-9));
  }
}

TEST(Gdp, AgreesWithReferenceUnderReplaceOne) {
  const json one = reference_case("dev-ev-03");
  const Ledger ledger = ledger_of(SelfComposed{Gaussian{2}, 5}, 1, Neighbours::replace_one);
  const Bound ours = kGdp->epsilon_bound(ledger, number_at(one, "/inputs/delta"));
  EXPECT_NEAR(ours.upper / number_at(one, "/expected/exact_sensitivity_2"), 1, 1e-8);
  EXPECT_NEAR(ours.lower / number_at(one, "/expected/exact_sensitivity_2"), 1, 1e-8);
  const Ledger without = ledger_of(SelfComposed{Gaussian{2}, 5});
  EXPECT_NEAR(kGdp->epsilon(without, 1e-5) / number_at(one, "/expected/exact_sensitivity_1"), 1, 1e-8);
}

TEST(Gdp, CalibratedNoiseOfFullBatchesAgreesWithReference) {
  const json one = reference_case("dev-cal-04");
  const double noise = gaussian_noise_multiplier(number_at(one, "/inputs/target_epsilon"),
                                                 number_at(one, "/inputs/target_delta"), std::sqrt(100.0));
  EXPECT_NEAR(noise / number_at(one, "/expected/exact_sigma"), 1, 1e-10);
}

TEST(Gdp, TakesTreesAndSamplingThatLeavesNobodyOut) {
  const double four = kGdp->epsilon(ledger_of(Gaussian{1}, 4), 1e-6);
  EXPECT_DOUBLE_EQ(kGdp->epsilon(ledger_of(TreeAggregation{1, {8, 3}}), 1e-6), four) << "8 leaves: 4 levels";
  EXPECT_EQ(kGdp->epsilon(ledger_of(PoissonSampled{1, Gaussian{1}}, 4), 1e-6), four);
  EXPECT_EQ(kGdp->epsilon(ledger_of(SampledWithoutReplacement{7, 7, Gaussian{1}}, 4), 1e-6), four);
  EXPECT_EQ(kGdp->epsilon(ledger_of(BallsAndBins{1, Gaussian{1}}, 4), 1e-6), four);
  EXPECT_EQ(kGdp->epsilon(ledger_of(MixtureOfGaussians{1, {{2, 1}}}), 1e-6), four);
}

TEST(Gdp, ChargesShuffledEpochsInFullAndSaysWhy) {
  const Bound plain = kGdp->epsilon_bound(ledger_of(Gaussian{0.5}, 10), 1e-6);
  const Bound shuffled = kGdp->epsilon_bound(ledger_of(Shuffled{100, Gaussian{0.5}}, 10), 1e-6);
  EXPECT_EQ(shuffled.upper, plain.upper);
  EXPECT_LT(shuffled.lower, plain.lower) << "shuffling may help";
  EXPECT_EQ(shuffled.lower, shuffle_epsilon_lower_bound(0.5, 100, 1e-6)) << "of one epoch";
  ASSERT_EQ(shuffled.notes.size(), 1u);
  // A unit more pushes another one into a different batch: it is replaced there (distance 2) and one more is added.
  const Event epoch = Shuffled{100, Gaussian{0.5}};
  EXPECT_DOUBLE_EQ(kGdp->epsilon(ledger_of(epoch, 2, Neighbours::add_or_remove_one), 1e-6), plain.upper);
  EXPECT_NE(shuffled.notes[0].find("without amplification"), std::string::npos);
  EXPECT_TRUE(plain.notes.empty());
}

TEST(Gdp, RefusesWhatIsNoGaussianByName) {
  const auto refusal = [](const Event& event, Neighbours neighbours = Neighbours::zero_out) -> std::string {
    try {
      kGdp->epsilon(ledger_of(event, 1, neighbours), 1e-5);
    } catch (const UnsupportedEvent& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal(PoissonSampled{0.5, Gaussian{1}}).find("poisson_sampled"), std::string::npos);
  EXPECT_NE(refusal(PoissonSampled{0.5, Gaussian{1}}).find("estimate"), std::string::npos);
  EXPECT_NE(refusal(Composed{{Gaussian{1}, Laplace{1}}}).find("laplace"), std::string::npos);
  EXPECT_NE(refusal(BallsAndBins{2, Gaussian{1}}), "");
  EXPECT_NE(refusal(TreeAggregation{1, {3}}, Neighbours::replace_one), "");
  EXPECT_NE(refusal(MixtureOfGaussians{1, {{0, 0.5}, {1, 0.5}}}), "");
}

TEST(Gdp, NothingIsCertifiedWithoutNoise) {
  for (const Event& event : {Event(NonPrivate{}), Event(Gaussian{0})}) {
    EXPECT_EQ(kGdp->epsilon(ledger_of(event), 0.5), std::numeric_limits<double>::infinity());
    EXPECT_EQ(kGdp->delta(ledger_of(event), 5), 1);
  }
  EXPECT_EQ(kGdp->epsilon(Ledger(Neighbours::zero_out), 0), 0);
}

TEST(GdpEstimate, FollowsTheFormulasOfReference) {
  const std::vector<json> cases = reference_cases("gdp");
  EXPECT_EQ(cases.size(), 3u);
  for (const json& one : cases) {
    const double q = number_at(one, "/inputs/q");
    const double noise = number_at(one, "/inputs/sigma");
    const auto steps = one.at("inputs").at("steps").get<std::uint64_t>();
    const double delta = number_at(one, "/inputs/delta");
    const auto ratio = [&](double ours, const char* path) { return ours / number_at(one, path); };
    EXPECT_NEAR(ratio(clt_estimate_of_mu(CltSampling::poisson, q, noise, steps), "/expected/mu_poisson"), 1, 1e-9);
    EXPECT_NEAR(ratio(clt_estimate_of_mu(CltSampling::fixed_size, q, noise, steps), "/expected/mu_uniform"), 1, 1e-9);
    const double poisson = clt_estimate_of_epsilon(CltSampling::poisson, q, noise, steps, delta);
    EXPECT_NEAR(ratio(poisson, "/expected/eps_poisson_exact_formula"), 1, 1e-9);
    EXPECT_NEAR(
        ratio(clt_estimate_of_epsilon(CltSampling::fixed_size, q, noise, steps, delta), "/expected/eps_uniform"), 1,
        1e-9);
    EXPECT_LT(poisson, number_at(one, "/expected/pld_upper_bound_epsilon")) << "which is why it is no guarantee";
  }
}

TEST(GdpEstimate, IsPreciseAtLargeNoise) {
  // For large s, exp(1/s^2) Phi(1.5/s) + 3 Phi(-0.5/s) - 2 = 1 / (2 s^2) + O(1/s^3).
  EXPECT_NEAR(clt_estimate_of_mu(CltSampling::fixed_size, 1, 1e7, 1) * 1e7, 1, 1e-6);
  EXPECT_THROW(clt_estimate_of_mu(CltSampling::poisson, 0, 1, 1), ConfigError);
  EXPECT_THROW(clt_estimate_of_mu(CltSampling::poisson, 0.1, 0, 1), ConfigError);
}

}  // namespace
}  // namespace dpml::closed_forms
