// Hard corners of which epsilon is known to 35 digits (reference/oracle.json): huge and tiny epsilons, deltas down to
// 1e-250, rare samples, small noise. No accountant may be on the wrong side of one, not by the last digit of a double.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/interval.h"
#include "oracle.h"
#include "reference_events.h"
#include "short_names.h"

namespace dpml::pld {
namespace {

const std::vector<json>& oracle_cases() {
  static const std::vector<json> cases = [] {
    std::ifstream file(DPML_TEST_DATA "/accounting/reference/oracle.json");
    return json::parse(file).get<std::vector<json>>();
  }();
  return cases;
}

long double parse(const std::string& digits) {
  return std::strtold(digits.c_str(), nullptr);
}

/// The doubles next to a decimal number, below and above.
Interval doubles_around(const std::string& digits) {
  const long double precise = parse(digits);
  const auto nearest = static_cast<double>(precise);
  return {nearest > precise ? std::nextafter(nearest, -kInfinity) : nearest,
          nearest < precise ? std::nextafter(nearest, kInfinity) : nearest};
}

Interval exact_epsilon(const json& one) {
  return doubles_around(one.at("expected").at("epsilon").get<std::string>());
}

void expect_holds(const Bound& ours, Interval exact, const json& one) {
  EXPECT_LE(ours.lower, ours.upper) << one.at("id");
  EXPECT_LE(ours.lower, exact.lower) << one.at("id") << ": above the truth";
  EXPECT_GE(ours.upper, exact.upper) << one.at("id") << ": below the truth";
}

void expect_epsilon_holds(const Accountant& accountant, const json& one) {
  const Bound ours = accountant.epsilon_bound(ledger_of(one), number_at(one, "/inputs/delta"));
  expect_holds(ours, exact_epsilon(one), one);
  if (accountant.name() == "pld" && ours.method == "pld") {
    EXPECT_LE(ours.upper - ours.lower, 5e-4 * ours.upper) << one.at("id");
  }
}

/// delta at the doubles around epsilon: it falls with epsilon.
void expect_delta_holds(const Accountant& accountant, const json& one) {
  const double delta = number_at(one, "/inputs/delta");
  const Interval exact = exact_epsilon(one);
  EXPECT_GE(accountant.delta_bound(ledger_of(one), exact.lower).upper, delta) << one.at("id") << ": delta too small";
  EXPECT_LE(accountant.delta_bound(ledger_of(one), exact.upper).lower, delta) << one.at("id") << ": delta too large";
}

/// "pld" takes up to a second for a delta of Laplace noise: asked, like "best", with DPML_ALL_CASES in the
/// environment only (half a minute).
bool is_delta_asked(const Accountant& accountant, const json& one) {
  if (accountant.is_quick() || std::getenv("DPML_ALL_CASES") != nullptr) return true;
  return accountant.name() == "pld" && one.at("kind").get<std::string>().find("laplace") == std::string::npos;
}

/// How many cases an accountant accepts; all of those are checked.
int expect_all_hold(std::string_view name) {
  const auto accountant = make_accountant(name);
  int accepted = 0;
  for (const json& one : oracle_cases()) {
    try {
      expect_epsilon_holds(*accountant, one);
      if (is_delta_asked(*accountant, one)) expect_delta_holds(*accountant, one);
      ++accepted;
    } catch (const UnsupportedEvent&) {
    }
  }
  return accepted;
}

int cases() {
  return static_cast<int>(oracle_cases().size());
}

TEST(OracleGrid, NumbersAreComparedOnTheSafeSide) {
  const Interval third = doubles_around("0.33333333333333333333333333333333333");
  EXPECT_LT(third.lower, third.upper);
  EXPECT_EQ(third.lower, 1.0 / 3);
  const Interval half = doubles_around("0.5");
  EXPECT_EQ(half.lower, half.upper);
}

TEST(OracleGrid, ReachesTheCorners) {
  EXPECT_GE(cases(), 91);
  double smallest_epsilon = 1, largest_epsilon = 1, smallest_delta = 1;
  for (const json& one : oracle_cases()) {
    smallest_epsilon = std::min(smallest_epsilon, exact_epsilon(one).upper);
    largest_epsilon = std::max(largest_epsilon, exact_epsilon(one).lower);
    smallest_delta = std::min(smallest_delta, number_at(one, "/inputs/delta"));
  }
  EXPECT_LT(smallest_epsilon, 1e-7);
  EXPECT_GT(largest_epsilon, 800);
  EXPECT_LE(smallest_delta, 1e-250);
}

TEST(OracleGrid, PldHoldsTheTruth) {
  EXPECT_EQ(expect_all_hold("pld"), cases());
}

TEST(OracleGrid, RenyiIsNeverBelow) {
  EXPECT_EQ(expect_all_hold("rdp"), cases());
}

TEST(OracleGrid, BestHoldsTheTruth) {
  EXPECT_EQ(expect_all_hold("best"), cases());
}

TEST(OracleGrid, ExactGaussiansAndSumsOfRhoHoldTheTruth) {
  EXPECT_GE(expect_all_hold("gdp"), 10);
  EXPECT_GE(expect_all_hold("zcdp"), 20);
}

/// log(delta) of the long-double oracle at a decimal epsilon, between its answers at the doubles around it.
std::optional<long double> oracle_at(const OraclePhase& phase, OracleDirection direction, const std::string& digits) {
  const Interval around = doubles_around(digits);
  const std::optional<long double> below = oracle_log_delta({phase}, direction, around.lower);
  const std::optional<long double> above = oracle_log_delta({phase}, direction, around.upper);
  if (!below || !above) return std::nullopt;
  const auto width = static_cast<long double>(around.upper) - static_cast<long double>(around.lower);
  if (width == 0) return below;
  return *below + (*above - *below) * ((parse(digits) - static_cast<long double>(around.lower)) / width);
}

TEST(OracleGrid, TheOracleInLongDoubleKeepsItsPrecision) {
  int compared = 0;
  for (const json& one : oracle_cases()) {
    const json& tree = one.at("inputs").at("event_tree");
    if (one.at("kind") != "sampled-gaussian" || one.at("method") != "contour" || count_of(tree) > 1000) continue;
    const OraclePhase phase{number_at(inside(tree), "/sampling_probability"),
                            number_at(inside(tree), "/event/noise_multiplier"), static_cast<double>(count_of(tree))};
    const long double log_delta = std::log(static_cast<long double>(number_at(one, "/inputs/delta")));
    for (const char* direction : {"remove", "add"}) {
      const json& digits = one.at("expected").at(direction);
      if (digits.is_null()) continue;
      const auto found =
          oracle_at(phase, direction == std::string("remove") ? OracleDirection::remove : OracleDirection::add,
                    digits.get<std::string>());
      if (!found) continue;
      EXPECT_LE(std::fabs(*found - log_delta), oracle_precision({phase})) << one.at("id") << " " << direction;
      ++compared;
    }
  }
  EXPECT_GE(compared, 10);
}

}  // namespace
}  // namespace dpml::pld
