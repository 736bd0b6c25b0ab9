#include "dpml/accounting/audit_bounds.h"

#include <gtest/gtest.h>

#include <random>

#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/base/error.h"
#include "reference_cases.h"

namespace dpml::closed_forms {
namespace {

TEST(AuditBounds, ClopperPearsonAgreesWithReference) {
  const json one = reference_case("dev-aud-01");
  const auto count = [&](const char* path) { return one.at(json::json_pointer(path)).get<std::uint64_t>(); };
  const double significance = number_at(one, "/inputs/significance");
  const AttackCounts counts{count("/inputs/true_positives"), count("/inputs/positives"),
                            count("/inputs/false_positives"), count("/inputs/negatives")};
  const double alarms = clopper_pearson_upper(counts.false_positives, counts.negatives, significance / 2);
  const double misses =
      clopper_pearson_upper(counts.positives - counts.true_positives, counts.positives, significance / 2);
  EXPECT_NEAR(alarms / number_at(one, "/expected/fpr_upper"), 1, 1e-8);
  EXPECT_NEAR(misses / number_at(one, "/expected/fnr_upper"), 1, 1e-8);
  const double epsilon = many_runs_epsilon(counts, number_at(one, "/inputs/delta"), significance);
  EXPECT_NEAR(epsilon / number_at(one, "/expected/epsilon_lower"), 1, 1e-8);
}

TEST(AuditBounds, ClopperPearsonHasClosedFormsAtTheEnds) {
  for (std::uint64_t trials : {1u, 10u, 100'000u}) {
    // (1 - p)^n = significance when nothing succeeded, 1 - p^n when all but one did not fail.
    EXPECT_NEAR(clopper_pearson_upper(0, trials, 0.05) / -std::expm1(std::log(0.05) / static_cast<double>(trials)), 1,
                1e-10);
    EXPECT_EQ(clopper_pearson_upper(trials, trials, 0.05), 1);
    EXPECT_NEAR(clopper_pearson_upper(trials - 1, trials, 0.05), std::pow(0.95, 1.0 / static_cast<double>(trials)),
                1e-10);
  }
}

TEST(AuditBounds, OneRunAgreesWithReference) {
  const json one = reference_case("dev-aud-02");
  const auto count = [&](const char* path) { return one.at(json::json_pointer(path)).get<std::uint64_t>(); };
  const OneRunGuesses guesses{count("/inputs/canaries"), count("/inputs/guesses"), count("/inputs/correct")};
  const double delta = number_at(one, "/inputs/delta");
  const double significance = number_at(one, "/inputs/significance");
  EXPECT_NEAR(one_run_p_value(guesses, 1, delta), number_at(one, "/expected/p_value_at_eps_1"), 1e-9);
  EXPECT_NEAR(one_run_epsilon(guesses, delta, significance), number_at(one, "/expected/epsilon_lower_steinke"), 1e-5);
  EXPECT_NEAR(one_run_epsilon_gaussian(guesses, delta, significance),
              number_at(one, "/expected/epsilon_lower_fdp_gaussian"), 1e-5);
}

TEST(AuditBounds, OneRunAgreesWithPublishedNumbers) {
  // Steinke, Nasr and Jagielski 2023; and what perfect guesses can show at most.
  EXPECT_NEAR(one_run_epsilon({1000, 100, 75}, 1e-4, 0.05), 0.673, 1e-3);
  EXPECT_NEAR(one_run_epsilon({200, 200, 200}, 1e-5, 0.05), 4.19, 0.01);
  EXPECT_NEAR(one_run_epsilon({1000, 1000, 1000}, 1e-5, 0.05), 5.78, 0.01);
}

TEST(AuditBounds, SayNothingWhenNothingWasLearned) {
  EXPECT_EQ(one_run_epsilon({1000, 200, 100}, 1e-5, 0.05), 0);
  EXPECT_EQ(one_run_epsilon_gaussian({1000, 200, 100}, 1e-5, 0.05), 0);
  EXPECT_EQ(one_run_epsilon({1000, 0, 0}, 1e-5, 0.05), 0);
  EXPECT_EQ(one_run_epsilon_gaussian({1000, 0, 0}, 1e-5, 0.05), 0);
  EXPECT_EQ(one_run_epsilon({0, 0, 0}, 0, 0.05), 0);
  EXPECT_EQ(many_runs_epsilon({50, 100, 50, 100}, 1e-5, 0.05), 0);
}

TEST(AuditBounds, StayBelowTheTruthOfRandomizedResponse) {
  // 300 audits of epsilon-randomised response with all guesses made; the level 0.1 allows a tenth to exceed epsilon.
  // Were that the true rate, 47 or more of 300 would do so with probability 1e-3.
  std::mt19937_64 draw(81);
  const double epsilon = 1;
  std::binomial_distribution<std::uint64_t> correct(400, 1 / (1 + std::exp(-epsilon)));
  int exceeded = 0;
  for (int i = 0; i < 300; ++i) exceeded += one_run_epsilon({400, 400, correct(draw)}, 0, 0.1) > epsilon ? 1 : 0;
  EXPECT_LT(exceeded, 47);
  EXPECT_GT(exceeded, 5) << "the bound is exact for this mechanism, so it should not be far below the level";
}

TEST(AuditBounds, RefuseCountsThatContradict) {
  EXPECT_THROW(clopper_pearson_upper(3, 2, 0.05), ConfigError);
  EXPECT_THROW(clopper_pearson_upper(1, 2, 0), ConfigError);
  EXPECT_THROW(many_runs_epsilon({3, 2, 0, 2}, 0, 0.05), ConfigError);
  EXPECT_THROW(many_runs_epsilon({0, 0, 0, 2}, 0, 0.05), ConfigError);
  EXPECT_THROW(one_run_epsilon({10, 11, 5}, 0, 0.05), ConfigError);
  EXPECT_THROW(one_run_epsilon({10, 5, 6}, 0, 0.05), ConfigError);
  EXPECT_THROW(one_run_epsilon_gaussian({10, 5, 5}, 0, 0.05), ConfigError) << "delta 0";
}

}  // namespace
}  // namespace dpml::closed_forms
