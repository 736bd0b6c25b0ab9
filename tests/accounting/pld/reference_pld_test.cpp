// The cases of reference/accounting.json that are about privacy loss distributions, each at the tolerance its note
// states. A certified bracket or an exact value decides where one is given; the bounds of dp_accounting, which uses a
// grid of 1e-4, are pessimistic but for rounding. Calibration and trade-off curves with "pld" are in
// calibration_test.cpp and curves_test.cpp.

#include <gtest/gtest.h>

#include <cmath>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/optimal_composition.h"
#include "oracle.h"
#include "reference_events.h"
#include "schedules.h"

namespace dpml::pld {
namespace {

constexpr double kTight = 1.001;

const std::unique_ptr<Accountant> kPld = make_accountant("pld");

Ledger ledger_of_phases(const json& one) {
  Ledger ledger(neighbours_of(one));
  for (const json& phase : one.at("inputs").at("phases")) {
    ledger.append(PoissonSampled{number_at(phase, "/q"), Gaussian{number_at(phase, "/sigma")}},
                  phase.at("steps").get<std::uint64_t>());
  }
  return ledger;
}

/// `truth` is known to lie in [least, most].
void expect_around(const Bound& ours, double least, double most, const json& one) {
  EXPECT_EQ(ours.method, "pld") << one.at("id");
  EXPECT_LE(ours.lower, ours.upper) << one.at("id");
  EXPECT_GE(ours.upper, least) << one.at("id") << ": below the truth";
  EXPECT_LE(ours.lower, most) << one.at("id") << ": above the truth";
  EXPECT_LE(ours.upper, most * kTight) << one.at("id") << ": not tight";
}

void expect_around_bracket(const Bound& ours, const json& one) {
  expect_around(ours, number_at(one, "/expected/certified_bracket/lower"),
                number_at(one, "/expected/certified_bracket/upper"), one);
  EXPECT_GE(ours.lower, number_at(one, "/expected/certified_bracket/lower") / kTight) << one.at("id");
}

/// Theirs is pessimistic, by at most that tolerance.
void expect_pessimistic(const Bound& ours, double theirs, double tolerance, const json& one) {
  expect_around(ours, theirs * (1 - tolerance), theirs * (1 + 1e-9), one);
}

Bound epsilon_bound(const json& one) {
  return kPld->epsilon_bound(ledger_of(one), number_at(one, "/inputs/delta"));
}

TEST(ReferencePld, EpsilonOfSampledGaussians) {
  const std::vector<json> cases = reference_cases("epsilon_pld");
  EXPECT_EQ(cases.size(), 11u);
  int exact = 0;
  for (const json& one : cases) {
    const Bound ours = kPld->epsilon_bound(ledger_of_phases(one), number_at(one, "/inputs/delta"));
    if (one.at("expected").contains("exact")) {
      const double truth = number_at(one, "/expected/exact");
      EXPECT_LE(ours.lower, truth * (1 + 1e-13));  // the reference is rounded, too
      EXPECT_GE(ours.upper, truth * (1 - 1e-13));
      EXPECT_NEAR(ours.upper / truth, 1, 1e-9);
      ++exact;
    } else {
      expect_around_bracket(ours, one);
    }
  }
  EXPECT_EQ(exact, 1);
}

TEST(ReferencePld, DeltaOfSampledGaussians) {
  const std::vector<json> cases = reference_cases("delta_pld");
  EXPECT_EQ(cases.size(), 2u);
  for (const json& one : cases) {
    expect_around_bracket(kPld->delta_bound(ledger_of_phases(one), number_at(one, "/inputs/epsilon")), one);
  }
}

TEST(ReferencePld, ReplacingOneSampledUnitMovesBothMixtures) {
  const json one = reference_case("dev-ev-01");
  expect_pessimistic(epsilon_bound(one), number_at(one, "/expected/pld/epsilon"), 1e-3, one);
}

TEST(ReferencePld, ZeroingOutOneUnitIsAddingOrRemovingIt) {
  const json one = reference_case("dev-ev-02");
  expect_pessimistic(epsilon_bound(one), number_at(one, "/expected/pld/epsilon"), 1e-3, one);
  const Event event = event_of(inside(one.at("inputs").at("event_tree")));
  EXPECT_EQ(epsilon_bound(one).upper,
            kPld->epsilon(ledger_of(event, Neighbours::add_or_remove_one, 500), number_at(one, "/inputs/delta")));
}

TEST(ReferencePld, ReplacedGaussiansAreTwoClipBoundsApart) {
  const json one = reference_case("dev-ev-03");
  const Bound ours = epsilon_bound(one);
  EXPECT_NEAR(ours.upper / number_at(one, "/expected/exact_sensitivity_2"), 1, 1e-8);
  EXPECT_NEAR(ours.lower / number_at(one, "/expected/exact_sensitivity_2"), 1, 1e-8);
}

TEST(ReferencePld, EventsThatTheyComposeToo) {
  // Sampled Laplace, DiscreteLaplace, DiscreteGaussian, MixtureOfGaussians, truncated Poisson, permute and flip.
  for (const char* id : {"dev-ev-07", "dev-ev-08", "dev-ev-09", "dev-ev-17", "dev-ev-18", "dev-ev-21"}) {
    const json one = reference_case(id);
    expect_pessimistic(epsilon_bound(one), number_at(one, "/expected/pld/epsilon"), 1e-3, one);
  }
}

TEST(ReferencePld, Laplace) {
  const json twenty = reference_case("dev-ev-05");
  expect_pessimistic(epsilon_bound(twenty), number_at(twenty, "/expected/pld/epsilon"), 1e-4, twenty);
  const json single = reference_case("dev-ev-06");
  const double truth = number_at(single, "/expected/exact_epsilon");
  expect_around(epsilon_bound(single), truth * (1 - 1e-14), truth * (1 + 1e-14), single);
}

TEST(ReferencePld, RandomizedResponseCountsEveryUse) {
  const json one = reference_case("dev-ev-16");
  const Bound ten = epsilon_bound(one);
  expect_pessimistic(ten, number_at(one, "/expected/pld/epsilon"), 1e-3, one);
  // dp_accounting 0.6.0 answers for one use whatever the count is.
  EXPECT_GT(ten.lower, 9.9 * number_at(one, "/expected/pld_known_wrong_count_ignored/epsilon"));
}

TEST(ReferencePld, ExponentialMechanism) {
  const json one = reference_case("dev-ev-19");
  const Bound ours = epsilon_bound(one);
  EXPECT_LE(ours.upper, number_at(one, "/expected/pld/epsilon"));
  EXPECT_LE(ours.lower, ours.upper);
  // Theirs knows that it is 0.5-private only. Two outcomes whose log ratios are 0.5 apart are such a mechanism, too.
  double worst = 0;
  const double delta = number_at(one, "/inputs/delta");
  for (double loss = 0.001; loss < 0.5; loss += 1e-4) {
    const double likely = std::expm1(0.5 - loss) / (std::exp(0.5 - loss) - std::exp(-loss));
    if (likely > delta) worst = std::max(worst, loss + std::log1p(-delta / likely));
  }
  EXPECT_GT(worst, 0.498);
  EXPECT_GE(ours.upper, worst);
}

TEST(ReferencePld, EpsilonDeltaEvents) {
  const json one = reference_case("dev-ev-20");
  expect_pessimistic(epsilon_bound(one), number_at(one, "/expected/pld/epsilon"), 1e-3, one);
  const Interval truth = pure_composition_epsilon(0.1, 1e-8, 50, 1e-5);
  expect_around(epsilon_bound(one), truth.lower, truth.upper, one);
}

TEST(ReferencePld, PureEventsComposeAsKairouzOhAndViswanathSay) {
  const json one = reference_case("dev-kov-01");
  const std::vector<double> epsilons = numbers_at(one, "/inputs/epsilons");
  const std::vector<double> deltas = numbers_at(one, "/expected/deltas");
  const Ledger ledger = ledger_of(EpsilonDelta{0.1, 0}, Neighbours::zero_out, 100);
  for (std::size_t i = 0; i < epsilons.size(); ++i) {
    const Bound ours = kPld->delta_bound(ledger, epsilons[i]);
    EXPECT_LE(ours.lower, deltas[i] * (1 + 1e-9)) << epsilons[i];
    EXPECT_GE(ours.upper, deltas[i] * (1 - 1e-9)) << epsilons[i];
    EXPECT_LE(ours.upper, deltas[i] * kTight + 1e-40) << epsilons[i];  // 100 times the double 0.1 is above 10
  }
}

TEST(ReferencePld, SampledCompositionOfGaussiansIsOneSampledGaussian) {
  const json one = reference_case("dev-ev-22");
  const double log_delta = std::log(number_at(one, "/inputs/delta"));
  const Bound ours = epsilon_bound(one);
  EXPECT_LT(ours.upper, number_at(one, "/expected/rdp/epsilon"));
  const std::vector<OraclePhase> phases = {{0.02, 1 / std::sqrt(1 / 4.0 + 1 / 9.0), 500}};
  EXPECT_LE(oracle_log_delta(phases, ours.upper).value(), log_delta);
  EXPECT_GE(oracle_log_delta(phases, ours.lower).value(), log_delta);
}

TEST(ReferencePld, BallsAndBins) {
  const json one = reference_case("dev-bnb-01");
  const Bound ours =
      kPld->epsilon_bound(ledger_of(BallsAndBins{100, Gaussian{1}}, Neighbours::add_or_remove_one), 1e-5);
  EXPECT_GE(ours.upper, number_at(one, "/expected/bounds/lower"));
  EXPECT_LE(ours.upper, number_at(one, "/expected/bounds/upper") * kTight);
  EXPECT_LE(ours.lower, number_at(one, "/expected/bounds/upper"));
}

TEST(ReferencePld, AShuffledEpochIsNeverChargedAsAPoissonOne) {
  const json one = reference_case("dev-shuf-01");
  const Ledger shuffled = ledger_of(Shuffled{100, Gaussian{0.5}}, Neighbours::zero_out);
  EXPECT_GE(kPld->epsilon(shuffled, 1e-6), number_at(one, "/expected/epsilon_lower_bound_shuffle"));
  const Bound poisson =
      kPld->epsilon_bound(ledger_of(PoissonSampled{0.01, Gaussian{0.5}}, Neighbours::zero_out, 100), 1e-6);
  expect_pessimistic(poisson, number_at(one, "/expected/epsilon_poisson_pld"), 1e-3, one);
}

TEST(ReferencePld, IsAboveTheCentralLimitTheoremWhereThatIsBelowTheTruth) {
  const std::vector<json> cases = reference_cases("gdp");
  EXPECT_EQ(cases.size(), 3u);
  for (const json& one : cases) {
    const PoissonSteps schedule{number_at(one, "/inputs/q"), number_at(one, "/inputs/sigma"),
                                one.at("inputs").at("steps").get<std::uint64_t>()};
    const Bound ours = kPld->epsilon_bound(ledger_of(schedule), number_at(one, "/inputs/delta"));
    expect_pessimistic(ours, number_at(one, "/expected/pld_upper_bound_epsilon"), 5e-3, one);
    EXPECT_GT(ours.lower, number_at(one, "/expected/eps_poisson")) << one.at("id");
  }
}

}  // namespace
}  // namespace dpml::pld
