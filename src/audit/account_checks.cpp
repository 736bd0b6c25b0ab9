#include "account_checks.h"

#include <cmath>
#include <limits>
#include <memory>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "plan_checks.h"

namespace dpml {

namespace {

/// How far below its target a plan's epsilon may stay before its noise counts as another one than the config's:
/// versions of dpml differ in how tightly they account, and a search stops within a part of this.
constexpr double kLeastShareOfTarget = 0.95;
constexpr double kHardlyAnyNoise = 1e-11;  // a search ends near it when the target asks for none

ChainedRun chained(const Findings& findings) {
  const ModelFile& model = findings.model();
  const PrivacyOptions& privacy = findings.experiment->privacy;
  return ChainedRun({.earlier_runs = model.earlier_runs,
                     .initial_weights = model.initial_weights,
                     .fixed_in_advance = privacy.plans_fixed_in_advance,
                     .unit = model.unit,
                     .neighbours = model.ledger.neighbours(),
                     .accountant = privacy.accountant,
                     .delta = model.claim.delta});
}

bool covers(double claimed, double recomputed) {
  return claimed >= recomputed || nearly_equal(claimed, recomputed);
}

/// Why nothing may be claimed, whatever the ledger says; "" when something may.
std::string reason_for_nothing(const Findings& findings) {
  const ModelFile& model = findings.model();
  if (findings.experiment && findings.experiment->privacy.seed && model.ledger.releases() > 0) {
    return "the seed of the noise was chosen, and whoever knows it can remove the noise";
  }
  if (!may_claim(model.initial_weights)) {
    return "whose data the weights had seen that training began with is not stated";
  }
  if (!may_claim(model.ending)) {
    return "the run was stopped for private figures, and that moment is an output that nobody paid for";
  }
  return "";
}

Bound bound_of(const Guarantee& guarantee) {
  return {.upper = guarantee.epsilon,
          .lower = guarantee.epsilon_lower,
          .method = guarantee.method,
          .order = guarantee.order,
          .notes = guarantee.notes};
}

void check_epsilon(Findings& findings, const ChainedRun& run) {
  const double claimed = findings.model().claim.epsilon;
  findings.report.recomputed = bound_of(run.guarantee(*findings.claimed_for));
  const std::string reason = reason_for_nothing(findings);
  if (!reason.empty()) findings.report.recomputed.upper = std::numeric_limits<double>::infinity();
  const double recomputed = findings.report.recomputed.upper;
  const bool is_plan = findings.claimed_for->releases() > findings.model().ledger.releases();
  const std::string before =
      claims_with_earlier_runs(findings.model().initial_weights)
          ? " and the " + counted(std::ssize(findings.model().earlier_runs), "run") + " before it"
          : "";
  const std::string figures = "claimed " + to_text(claimed) + ", the " + (is_plan ? "plan" : "ledger") + " of " +
                              counted(findings.claimed_for->releases(), "release") + before + " gives " +
                              to_text(recomputed) +
                              (reason.empty() ? " by " + findings.report.recomputed.method : ", because " + reason);
  findings.add("epsilon", covers(claimed, recomputed), figures, figures + ": the claim is too small");
  const std::optional<double>& order = findings.model().claim.order;
  if (order && !(findings.report.recomputed.order && *order > 1)) {
    findings.add("order", Verdict::failed,
                 "the claim names a Rényi order, " + to_text(*order) + ", that gave no epsilon");
  }
}

/// A plan whose noise is not known, because nothing was released, still costs about what it aims at.
void check_plan_of_nothing(Findings& findings) {
  const std::optional<double>& target = findings.experiment->privacy.target_epsilon;
  if (findings.whole_plan || !target || claims_releases_alone(findings.model().ending)) return;
  const double claimed = findings.model().claim.epsilon;
  if (claimed >= kLeastShareOfTarget * *target) return;
  findings.add("epsilon", Verdict::failed,
               "it stopped before its first release, on what it saw or does not say, and so has to claim its whole "
               "plan, which aims at " +
                   to_text(*target) + "; it claims " + to_text(claimed));
}

/// A budget ends the plan before the step that would exceed it, and no earlier.
void check_cut_by_budget(Findings& findings, const ChainedRun& run, double budget) {
  constexpr std::uint64_t kShareOfSteps = 20;  // by which versions of dpml may differ in how tightly they account
  const std::uint64_t planned = findings.whole_plan->releases();
  if (planned >= findings.experiment->privacy.steps) return;
  Ledger longer = *findings.whole_plan;
  longer.append(Event(longer.entries().front().event), 1 + planned / kShareOfSteps);
  const double epsilon = run.guarantee(longer).epsilon;
  if (epsilon > budget) return;
  findings.add("budget", Verdict::failed,
               "the budget lets " + group_digits(static_cast<std::int64_t>(longer.releases())) +
                   " releases through (epsilon " + to_text(epsilon) +
                   "), but the file says that it ended the plan "
                   "after " +
                   group_digits(static_cast<std::int64_t>(planned)));
}

/// Target and budget are about the whole plan, wherever it stopped.
void check_limit(Findings& findings, const ChainedRun& run) {
  const PrivacyOptions& privacy = findings.experiment->privacy;
  const std::optional<double> limit = privacy.target_epsilon ? privacy.target_epsilon : privacy.epsilon_budget;
  if (!limit || !findings.whole_plan || !reason_for_nothing(findings).empty()) return;
  if (privacy.epsilon_budget && !findings.is_version_1()) check_cut_by_budget(findings, run, *limit);
  const std::string word = privacy.target_epsilon ? "target" : "budget";
  const double epsilon = *findings.whole_plan == *findings.claimed_for ? findings.report.recomputed.upper
                                                                       : run.guarantee(*findings.whole_plan).epsilon;
  if (!(epsilon <= *limit || nearly_equal(epsilon, *limit))) {
    findings.add(word, Verdict::failed, "above the " + word + " epsilon " + to_text(*limit));
    return;
  }
  const std::vector<LedgerEntry>& plan = findings.whole_plan->entries();
  const bool asks_for_noise = !plan.empty() && noise_of(plan.front().event).value_or(0) > kHardlyAnyNoise;
  if (privacy.target_epsilon && asks_for_noise && epsilon < kLeastShareOfTarget * *limit) {
    findings.add(
        word, Verdict::failed,
        "the plan costs epsilon " + to_text(epsilon) + ", far below the target " + to_text(*limit) +
            ", for which its noise would have been solved: the ledger tells of more noise than the config plans");
    return;
  }
  findings.add(word, Verdict::passed, "within the " + word + " epsilon " + to_text(*limit));
}

/// A second opinion: what an accountant shows to be impossible is no claim, whatever the claim's own accountant says.
void check_lower_bound(Findings& findings, const ChainedRun& run) {
  double lower = findings.report.recomputed.lower;
  std::string who = findings.report.recomputed.method;
  if (findings.report.recomputed.method != "pld") {
    for (const ChainedRun::OwnChain& chain : run.own_chains()) {
      try {
        const Bound bound =
            make_accountant("pld")->epsilon_bound(chain.with(*findings.claimed_for), findings.model().claim.delta);
        if (bound.lower <= lower) continue;
        lower = bound.lower;
        who = bound.method;
      } catch (const Error&) {  // it cannot judge this ledger
      }
    }
  }
  if (!(lower > 0)) return;
  const std::string figures = "no epsilon below " + to_text(lower) + " holds for this ledger, by " + who;
  findings.add("lower bound", covers(findings.model().claim.epsilon, lower), figures,
               figures + ": the claim cannot be true");
}

void check_others(Findings& findings, const ChainedRun& run) {
  const std::vector<ClaimOfOthers> recomputed = run.claims_of_others();
  const std::vector<ClaimOfOthers>& claimed = findings.model().claims_of_others;
  if (recomputed.empty() && claimed.empty()) return;
  std::string problem;
  if (recomputed.size() != claimed.size()) problem = "the file has another number of claims than groups of people";
  for (std::size_t i = 0; problem.empty() && i < claimed.size(); ++i) {
    const Guarantee& ours = recomputed[i].claim;
    const Guarantee& theirs = claimed[i].claim;
    if (claimed[i].unit != recomputed[i].unit || theirs.delta != ours.delta || theirs.neighbours != ours.neighbours ||
        theirs.accountant != ours.accountant || !covers(theirs.epsilon, ours.epsilon)) {
      problem = "for one unit (" + printable(recomputed[i].unit) + ") of an earlier run epsilon " +
                to_text(theirs.epsilon) + " is claimed, its ledger gives " + to_text(ours.epsilon);
    }
  }
  findings.add("claims of others", problem.empty(),
               "what is claimed for people of earlier runs follows from their ledgers", problem);
}

}  // namespace

void check_claims(Findings& findings) {
  if (!findings.claimed_for) {
    findings.add("epsilon", Verdict::not_checkable, "not computed: the ledger is not one that the config plans");
    return;
  }
  try {
    const ChainedRun run = chained(findings);
    check_epsilon(findings, run);
    check_plan_of_nothing(findings);
    check_limit(findings, run);
    check_lower_bound(findings, run);
    check_others(findings, run);
  } catch (const Error& error) {
    findings.add("epsilon", Verdict::failed, std::string("it cannot be recomputed: ") + error.what());
  }
}

void check_protection(Findings& findings) {
  const ModelFile& model = findings.model();
  if (std::isinf(model.claim.epsilon)) {
    std::string reason = reason_for_nothing(findings);
    if (reason.empty()) reason = "what was released has no finite epsilon";
    findings.add("protection", Verdict::failed, "nothing is claimed (epsilon infinity): " + reason);
  }
  for (const ClaimOfOthers& others : model.claims_of_others) {
    if (!std::isinf(others.claim.epsilon)) continue;
    findings.add("protection", Verdict::failed,
                 "nothing is claimed (epsilon infinity) for the people of an earlier run (unit: " +
                     printable(others.unit) + ")");
  }
}

}  // namespace dpml
