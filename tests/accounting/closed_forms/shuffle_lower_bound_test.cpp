#include "dpml/accounting/shuffle_lower_bound.h"

#include <gtest/gtest.h>

#include "dpml/accounting/accountant.h"
#include "reference_cases.h"

namespace dpml::closed_forms {
namespace {

TEST(ShuffleLowerBound, AgreesWithReferenceAndShowsThatPoissonUnderReports) {
  const json one = reference_case("dev-shuf-01");
  const double ours = shuffle_epsilon_lower_bound(number_at(one, "/inputs/sigma"),
                                                  one.at("inputs").at("steps_per_epoch").get<std::uint64_t>(),
                                                  number_at(one, "/inputs/delta"));
  EXPECT_NEAR(ours / number_at(one, "/expected/epsilon_lower_bound_shuffle"), 1, 1e-6);
  EXPECT_GT(ours, number_at(one, "/expected/epsilon_poisson_pld"));
  EXPECT_LE(ours, number_at(one, "/expected/epsilon_deterministic_batches"));
}

TEST(ShuffleLowerBound, IsNeverAboveTheUnamplifiedBound) {
  for (double noise : {0.3, 0.5, 1.0, 2.15, 10.0, 1000.0}) {
    for (std::uint64_t batches : {1u, 2u, 29u, 10'000u, 100'000'000u}) {
      for (double delta : {1e-2, 1e-6, 1e-12}) {
        Ledger ledger(Neighbours::zero_out);
        ledger.append(Shuffled{batches, Gaussian{noise}});
        const double lower = shuffle_epsilon_lower_bound(noise, batches, delta);
        EXPECT_GE(lower, 0);
        EXPECT_LE(lower, make_accountant("gdp")->epsilon(ledger, delta)) << noise << " " << batches << " " << delta;
      }
    }
  }
}

TEST(ShuffleLowerBound, AgreesWithAGridOfThresholds) {
  // mpmath at 40 digits, C from 2 to 8 in steps of 0.002: 10.9947802876812817 at C = 4.25.
  EXPECT_NEAR(shuffle_epsilon_lower_bound(0.5, 10'000, 1e-6), 10.99478, 1e-5);
  // Computed earlier with the same formula, to the digits shown.
  EXPECT_NEAR(shuffle_epsilon_lower_bound(0.7, 234, 1e-5), 6.62, 0.01);
  EXPECT_NEAR(shuffle_epsilon_lower_bound(1.1, 234, 1e-5), 2.98, 0.01);
  EXPECT_NEAR(shuffle_epsilon_lower_bound(2.15, 29, 1e-5), 0.82, 0.01);
}

TEST(ShuffleLowerBound, RefusesNumbersOutOfRange) {
  EXPECT_THROW(shuffle_epsilon_lower_bound(0, 10, 1e-5), ConfigError);
  EXPECT_THROW(shuffle_epsilon_lower_bound(1, 0, 1e-5), ConfigError);
  EXPECT_THROW(shuffle_epsilon_lower_bound(1, 10, 1), ConfigError);
}

}  // namespace
}  // namespace dpml::closed_forms
