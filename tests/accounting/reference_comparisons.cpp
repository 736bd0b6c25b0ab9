// Rows for all kinds of cases but those that are an event as a tree.

#include "reference_comparisons.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/accounting/audit_bounds.h"
#include "dpml/accounting/calibration.h"
#include "dpml/accounting/clt_estimate.h"
#include "dpml/accounting/curves.h"
#include "dpml/accounting/optimal_composition.h"
#include "dpml/accounting/renyi.h"
#include "dpml/accounting/shuffle_lower_bound.h"
#include "reference_events.h"
#include "schedules.h"

namespace dpml {

namespace {

const std::unique_ptr<Accountant> kPld = make_accountant("pld");
const std::unique_ptr<Accountant> kRdp = make_accountant("rdp");

std::uint64_t whole_at(const json& one, const char* path) {
  return one.at(json::json_pointer(path)).get<std::uint64_t>();
}

PoissonSteps schedule_of(const json& inputs) {
  return {number_at(inputs, "/q"), number_at(inputs, "/sigma"), whole_at(inputs, "/steps")};
}

Ledger ledger_of_phases(const json& one) {
  Ledger ledger(neighbours_of(one));
  for (const json& phase : one.at("inputs").at("phases")) {
    const PoissonSteps schedule = schedule_of(phase);
    ledger.append(PoissonSampled{schedule.sampling_rate, Gaussian{schedule.noise_multiplier}}, schedule.steps);
  }
  return ledger;
}

Bound only(double number) {
  return {.upper = number, .method = ""};
}

Bound both(const Interval& interval) {
  return {.upper = interval.upper, .lower = interval.lower, .method = ""};
}

std::string fault_of(const std::string& peer, const json& errors) {
  double largest = 0;
  for (const json& error : errors) {
    if (error.is_string()) return "; " + peer + " is infinite at one order";
    largest = std::max(largest, std::fabs(error.get<double>()));
  }
  return "; " + peer + (largest == 0 ? " is equal" : " errs by up to " + roughly(largest));
}

Comparisons compare_divergences(const json& one) {
  const PoissonSteps given = schedule_of(one.at("inputs"));
  std::vector<double> ours;
  for (double order : numbers_at(one, "/inputs/orders")) {
    ours.push_back(static_cast<double>(given.steps) *
                   renyi_divergence(PoissonSampled{given.sampling_rate, Gaussian{given.noise_multiplier}},
                                    Neighbours::add_or_remove_one, order));
  }
  const json& expected = one.at("expected");
  return {equal_lists("Renyi divergences", numbers_at(one, "/expected/rdp_exact"),
                      "exact" + fault_of("dp_accounting", expected.at("rel_err_dp_accounting")) +
                          fault_of("Opacus", expected.at("rel_err_opacus")),
                      ours, 1e-9)};
}

Comparisons compare_rdp_epsilon(const json& one) {
  const Bound ours = kRdp->epsilon_bound(ledger_of(schedule_of(one.at("inputs"))), number_at(one, "/inputs/delta"));
  const std::string others = "exact, real orders; dp_accounting " +
                             digits(number_at(one, "/expected/dp_accounting/epsilon")) + ", Opacus " +
                             digits(number_at(one, "/expected/opacus/epsilon"));
  return {against_exact("epsilon, rdp", number_at(one, "/expected/exact_rdp/continuous/epsilon"), others,
                        only(ours.upper), 1e-7)};
}

Comparisons compare_rdp_delta(const json& one) {
  const Ledger ledger = ledger_of(schedule_of(one.at("inputs")));
  const double epsilon = number_at(one, "/inputs/epsilon");
  return {no_larger("delta, rdp", number_at(one, "/expected/dp_accounting/delta"), "dp_accounting",
                    kRdp->delta_bound(ledger, epsilon), kPld->delta_bound(ledger, epsilon).lower,
                    "exact divergences at real orders")};
}

Comparisons compare_pld_epsilon(const json& one) {
  const json& expected = one.at("expected");
  const Bound ours = kPld->epsilon_bound(ledger_of_phases(one), number_at(one, "/inputs/delta"));
  const std::string others = "dp_accounting " +
                             digits(expected.at("dp_accounting").back().at("epsilon").get<double>()) +
                             ", prv_accountant " + digits(number_at(one, "/expected/prv_accountant/upper"));
  if (expected.contains("exact")) {
    return {against_exact("epsilon, pld", number_at(one, "/expected/exact"), "exact; " + others, ours, 1e-9)};
  }
  return {against_bracket("epsilon, pld", number_at(one, "/expected/certified_bracket/lower"),
                          number_at(one, "/expected/certified_bracket/upper"), " (certified; " + others + ")", ours)};
}

Comparisons compare_pld_delta(const json& one) {
  return {against_bracket("delta, pld", number_at(one, "/expected/certified_bracket/lower"),
                          number_at(one, "/expected/certified_bracket/upper"),
                          " (certified; dp_accounting " + digits(number_at(one, "/expected/dp_accounting/delta")) + ")",
                          kPld->delta_bound(ledger_of_phases(one), number_at(one, "/inputs/epsilon")))};
}

Comparisons compare_gaussian(const json& one) {
  const json& expected = one.at("expected");
  const auto given = [&](const char* name) { return one.at("inputs").at(name).get<double>(); };
  if (expected.contains("delta")) {
    const Interval logs = gaussian_log_delta(1 / given("sigma"), given("epsilon"));
    const Interval tens{logs.lower / std::log(10), logs.upper / std::log(10)};
    return {
        against_exact("log10(delta), gdp", expected.at("log10_delta").get<double>(), "exact", only(tens.upper), 1e-10)};
  }
  const std::string source = "exact; dp_accounting " + digits(expected.at("dp_accounting").get<double>());
  if (expected.contains("sigma")) {
    return {against_exact("noise multiplier, gdp", expected.at("sigma").get<double>(), source,
                          only(gaussian_noise_multiplier(given("epsilon"), given("delta"))), 1e-10)};
  }
  return {against_exact("epsilon, gdp", expected.at("epsilon").get<double>(), source,
                        both(gaussian_epsilon(1 / given("sigma"), given("delta"))), 1e-10)};
}

Comparisons compare_calibration(const json& one) {
  const double target = number_at(one, "/inputs/target_epsilon");
  const double delta = number_at(one, "/inputs/target_delta");
  const auto schedule = [&](double noise) {
    return ledger_of(PoissonSteps{number_at(one, "/inputs/q"), noise, whole_at(one, "/inputs/steps")});
  };
  Comparisons rows;
  double least = 0;
  if (one.at("expected").contains("exact_sigma")) {
    least = number_at(one, "/expected/exact_sigma");
    const double ours = calibrate_noise_multiplier(*make_accountant("gdp"), target, delta, schedule);
    rows.push_back(against_exact("noise multiplier, gdp", least, "exact", only(ours), 1e-6));
  }
  const double tight = calibrate_noise_multiplier(*kPld, target, delta, schedule);
  rows.push_back(against_pessimistic("noise multiplier, pld", number_at(one, "/expected/pld/sigma"), "dp_accounting",
                                     only(tight), 1e-2));
  rows.back().verdict += "; meets the target, 4e-4 less certainly misses it";
  rows.back().agrees = rows.back().agrees && tight >= least && kPld->epsilon(schedule(tight), delta) <= target &&
                       kPld->epsilon_bound(schedule(tight * (1 - 4e-4)), delta).lower > target;
  rows.push_back(no_larger("noise multiplier, rdp", number_at(one, "/expected/rdp/sigma"), "dp_accounting",
                           only(calibrate_noise_multiplier(*kRdp, target, delta, schedule)), tight * (1 - 1e-3),
                           "real orders"));
  return rows;
}

Comparisons compare_central_limit(const json& one) {
  const PoissonSteps given = schedule_of(one.at("inputs"));
  const double delta = number_at(one, "/inputs/delta");
  const auto estimate = [&](CltSampling sampling) {
    return clt_estimate_of_mu(sampling, given.sampling_rate, given.noise_multiplier, given.steps);
  };
  const std::vector<double> ours = {
      estimate(CltSampling::poisson), estimate(CltSampling::fixed_size),
      clt_estimate_of_epsilon(CltSampling::poisson, given.sampling_rate, given.noise_multiplier, given.steps, delta)};
  const Bound truth = kPld->epsilon_bound(ledger_of(given), delta);
  return {equal_lists("the estimates mu (two) and epsilon",
                      {number_at(one, "/expected/mu_poisson_exact_formula"), number_at(one, "/expected/mu_uniform"),
                       number_at(one, "/expected/eps_poisson_exact_formula")},
                      "formula; Opacus", ours, 1e-9),
          theirs_is_wrong("epsilon as a guarantee", number_at(one, "/expected/eps_poisson"), "Opacus GDP", truth,
                          "the limit is below the truth"),
          against_pessimistic("epsilon, pld", number_at(one, "/expected/pld_upper_bound_epsilon"), "dp_accounting",
                              truth, 1e-2)};
}

Comparisons compare_gaussian_trade_off(const json& one) {
  std::vector<double> positives;
  std::vector<double> negatives;
  for (double rate : numbers_at(one, "/inputs/fpr")) {
    const TradeOffPoint point = gaussian_trade_off(1 / number_at(one, "/inputs/sigma"), rate);
    positives.push_back(point.true_positive_rate);
    negatives.push_back(point.false_negative_rate);
  }
  return {equal_lists("true positive rates", numbers_at(one, "/expected/tpr"), "exact", positives, 1e-10),
          equal_lists("false negative rates", numbers_at(one, "/expected/fnr"), "exact", negatives, 1e-10)};
}

Comparisons compare_trade_off(const json& one) {
  const Ledger ledger = ledger_of_phases(one);
  std::vector<double> ours;
  for (const TradeOffPoint& point : trade_off_curve(*kPld, ledger, numbers_at(one, "/inputs/fpr"))) {
    ours.push_back(point.true_positive_rate);
  }
  return {equal_lists("true positive rates", numbers_at(one, "/expected/tpr_upper"), "dp_accounting", ours, 1e-3),
          against_exact("mu of the nearest Gaussian", number_at(one, "/expected/gdp_mu_estimate"),
                        "dp_accounting, an estimate", only(gaussian_fit(*kPld, ledger, 1e-12, 3)), 2e-3)};
}

Comparisons compare_zero_concentrated(const json& one) {
  const Ledger ledger = ledger_of(ZeroConcentrated{number_at(one, "/inputs/rho")}, Neighbours::zero_out);
  const double delta = number_at(one, "/inputs/delta");
  const std::string source = "exact, real orders; dp_accounting " +
                             digits(number_at(one, "/expected/dp_accounting/epsilon")) + ", Bun and Steinke " +
                             digits(number_at(one, "/expected/epsilon_bun_steinke"));
  return {against_exact("epsilon, zcdp", number_at(one, "/expected/epsilon_continuous"), source,
                        only(make_accountant("zcdp")->epsilon(ledger, delta)), 1e-9)};
}

Comparisons compare_pure_composition(const json& one) {
  // The exact delta at 10 is 0 for a hundred times one tenth; the double 0.1 is a little more than that.
  std::vector<double> theirs;
  std::vector<double> ours;
  for (std::size_t i = 0; i < one.at("inputs").at("epsilons").size(); ++i) {
    const double epsilon = numbers_at(one, "/inputs/epsilons")[i];
    const Interval found = pure_composition_delta(number_at(one, "/inputs/epsilon0"), 0, 100, epsilon);
    theirs.push_back(numbers_at(one, "/expected/deltas")[i]);
    ours.push_back(theirs.back() == 0 && found.upper < 1e-40 ? 0 : found.upper);
  }
  return {equal_lists("delta", theirs, "exact", ours, 1e-9)};
}

Comparisons compare_shuffled(const json& one) {
  const double noise = number_at(one, "/inputs/sigma");
  const std::uint64_t batches = whole_at(one, "/inputs/steps_per_epoch");
  const double delta = number_at(one, "/inputs/delta");
  const Bound charged = make_accountant("best")->epsilon_bound(
      ledger_of(Shuffled{batches, Gaussian{noise}}, Neighbours::zero_out), delta);
  return {against_exact("epsilon from below", number_at(one, "/expected/epsilon_lower_bound_shuffle"), "Chua et al.",
                        only(shuffle_epsilon_lower_bound(noise, batches, delta)), 1e-6),
          against_exact("epsilon that is charged", number_at(one, "/expected/epsilon_deterministic_batches"),
                        "exact, no amplification", only(charged.upper), 1e-9),
          theirs_is_wrong("the Poisson epsilon", number_at(one, "/expected/epsilon_poisson_pld"),
                          "dp_accounting, if asked for it", charged, "shuffling is not Poisson sampling")};
}

Comparisons compare_many_runs(const json& one) {
  const double significance = number_at(one, "/inputs/significance");
  const AttackCounts counts{whole_at(one, "/inputs/true_positives"), whole_at(one, "/inputs/positives"),
                            whole_at(one, "/inputs/false_positives"), whole_at(one, "/inputs/negatives")};
  const std::vector<double> ours = {
      clopper_pearson_upper(counts.false_positives, counts.negatives, significance / 2),
      clopper_pearson_upper(counts.positives - counts.true_positives, counts.positives, significance / 2),
      many_runs_epsilon(counts, number_at(one, "/inputs/delta"), significance)};
  return {equal_lists("two rates, epsilon from below",
                      {number_at(one, "/expected/fpr_upper"), number_at(one, "/expected/fnr_upper"),
                       number_at(one, "/expected/epsilon_lower")},
                      "scipy", ours, 1e-8)};
}

Comparisons compare_one_run(const json& one) {
  const OneRunGuesses guesses{whole_at(one, "/inputs/canaries"), whole_at(one, "/inputs/guesses"),
                              whole_at(one, "/inputs/correct")};
  const double delta = number_at(one, "/inputs/delta");
  const double significance = number_at(one, "/inputs/significance");
  return {against_exact("epsilon from below, Steinke et al.", number_at(one, "/expected/epsilon_lower_steinke"),
                        "jax_privacy", only(one_run_epsilon(guesses, delta, significance)), 1e-5),
          against_exact("the same, Mahloujifar et al.", number_at(one, "/expected/epsilon_lower_fdp_gaussian"),
                        "jax_privacy", only(one_run_epsilon_gaussian(guesses, delta, significance)), 1e-5),
          against_exact("p-value at epsilon 1", number_at(one, "/expected/p_value_at_eps_1"), "jax_privacy",
                        only(one_run_p_value(guesses, 1, delta)), 1e-8)};
}

Comparisons compare_bins(const json& one) {
  const Event epoch = BallsAndBins{whole_at(one, "/inputs/steps_per_epoch"), Gaussian{number_at(one, "/inputs/sigma")}};
  return {against_bracket(
      "epsilon, pld", number_at(one, "/expected/bounds/lower"), number_at(one, "/expected/bounds/upper"),
      " (PLD_accounting; Poisson " + digits(number_at(one, "/expected/poisson_pld/epsilon")) + ")",
      kPld->epsilon_bound(ledger_of(epoch, Neighbours::add_or_remove_one), number_at(one, "/inputs/delta")))};
}

}  // namespace

Comparisons comparisons_of(const json& one) {
  static const std::map<std::string, Comparisons (*)(const json&)> kinds = {
      {"rdp_sampled_gaussian", compare_divergences},
      {"epsilon_rdp", compare_rdp_epsilon},
      {"delta_rdp", compare_rdp_delta},
      {"epsilon_pld", compare_pld_epsilon},
      {"delta_pld", compare_pld_delta},
      {"analytic_gaussian", compare_gaussian},
      {"calibrate_sigma", compare_calibration},
      {"gdp", compare_central_limit},
      {"tradeoff_gaussian", compare_gaussian_trade_off},
      {"tradeoff_pld", compare_trade_off},
      {"zcdp_epsilon", compare_zero_concentrated},
      {"pure_composition", compare_pure_composition},
      {"shuffle_lower_bound", compare_shuffled},
      {"audit_clopper_pearson", compare_many_runs},
      {"audit_one_run", compare_one_run},
      {"balls_and_bins", compare_bins},
      {"rdp_without_replacement", compare_without_replacement},
  };
  const auto found = kinds.find(one.at("kind").get<std::string>());
  if (found != kinds.end()) return found->second(one);
  if (one.at("inputs").contains("event_tree")) return compare_event(one);
  throw std::out_of_range("no row for kind " + one.at("kind").get<std::string>());
}

}  // namespace dpml
