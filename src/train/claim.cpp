#include "dpml/train/claim.h"

#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/config/parse_config.h"

namespace dpml {

namespace {

/// What was released, and what the plan still allows.
Ledger with_the_rest(const TrainingPlan& plan, Ledger released) {
  if (plan.allows_another(released)) {
    released.append(event_of(plan.mechanism()), plan.options().steps - released.releases());
  }
  return released;
}

/// What a model is charged by later runs; its claim says where nothing holds.
Ledger charged(const ModelFile& model, const Experiment& experiment) {
  Ledger ledger = model.ledger;
  // Version 1 does not say how it ended, nor what was planned beyond the steps of its config.
  const bool is_whole = claims_releases_alone(model.ending) && model.format_version > 1;
  const std::uint64_t planned = model.format_version > 1 ? model.planned : experiment.privacy.steps;
  if (!is_whole && planned > ledger.releases()) {
    if (ledger.entries().empty()) {
      PrivacyOptions options = experiment.privacy;
      options.earlier_runs = model.earlier_runs;
      ledger = TrainingPlan(options).whole_run();
    } else {
      ledger.append(Event(ledger.entries().back().event), planned - ledger.releases());
    }
  }
  const bool claims_nothing = !std::isfinite(model.claim.epsilon) || !may_claim(model.noise_key) ||
                              !may_claim(model.initial_weights) || !may_claim(model.ending);
  if (claims_nothing) ledger.append(NonPrivate{});
  return ledger;
}

}  // namespace

Guarantee claim_of(const TrainingPlan& plan, const Ledger& released, Ending ending) {
  Guarantee claim = plan.guarantee(claims_releases_alone(ending) ? released : with_the_rest(plan, released));
  if (!may_claim(ending)) claim.epsilon = std::numeric_limits<double>::infinity();
  return claim;
}

std::vector<EarlierRun> earlier_runs_of(const ModelFile& model) {
  const Experiment experiment = parse_stored_config(model.config, "its config", model.format_version);
  std::vector<EarlierRun> runs = model.earlier_runs;
  runs.push_back({.record = digests_of(model).record,
                  .unit = model.unit,
                  .accountant = experiment.privacy.accountant,
                  .delta = experiment.privacy.delta,
                  .initial_weights = model.initial_weights,
                  .fixed_in_advance = experiment.privacy.plans_fixed_in_advance,
                  .charged = charged(model, experiment)});
  return runs;
}

}  // namespace dpml
