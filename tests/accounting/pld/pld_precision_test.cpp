// Asked for intervals of a millionth, "pld" gives them, and the oracle's value lies inside.

#include <gtest/gtest.h>

#include <cmath>

#include "dice.h"
#include "oracle.h"
#include "pld/pld_accountant.h"
#include "schedules.h"

namespace dpml::pld {
namespace {

constexpr double kGap = 1e-6;

void expect_precise(const PoissonSteps& schedule, double delta) {
  SCOPED_TRACE("q " + std::to_string(schedule.sampling_rate) + ", steps " + std::to_string(schedule.steps) +
               ", log(delta) " + std::to_string(std::log(delta)));
  const Bound ours = PldAccountant(kGap).epsilon_bound(ledger_of(schedule), delta);
  EXPECT_EQ(ours.method, "pld");
  EXPECT_TRUE(ours.notes.empty());
  EXPECT_LE(ours.upper - ours.lower, kGap * ours.upper);
  const OraclePhase phase{schedule.sampling_rate, schedule.noise_multiplier, static_cast<double>(schedule.steps)};
  // The oracle's integrand hardly fades out for these.
  if (schedule.steps >= 100000 && delta < 1e-2 && delta > 1e-25) return;
  const std::optional<long double> at_upper = oracle_log_delta({phase}, ours.upper);
  const std::optional<long double> at_lower = oracle_log_delta({phase}, ours.lower);
  ASSERT_TRUE(at_upper && at_lower);
  const long double log_delta = std::log(static_cast<long double>(delta));
  EXPECT_LE(*at_upper, log_delta + oracle_precision({phase}));
  EXPECT_GE(*at_lower, log_delta - oracle_precision({phase}));
}

// A few of the cases, or all of them (10 s) with DPML_ALL_CASES in the environment.
TEST(PldPrecision, IntervalsOfAMillionthHoldTheOracle) {
  const std::vector<PoissonSteps> schedules{
      {0.1, 2, 500}, {0.01, 1, 10000}, {0.001, 1, 100000}, {0.5, 20, 10000}, {1e-4, 0.6, 1000000}};
  const std::vector<double> deltas{1e-2, 1e-5, 1e-10, 1e-20, 1e-30};
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    for (std::size_t k = 0; k < deltas.size(); ++k) {
      const bool is_in_short = (2 * i + k) % 7 == 4;
      if (is_in_short || wants_all_cases()) expect_precise(schedules[i], deltas[k]);
    }
  }
}

}  // namespace
}  // namespace dpml::pld
