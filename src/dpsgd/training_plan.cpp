#include "dpml/dpsgd/training_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/accounting/calibration.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

Sampler make_sampler(const PrivacyOptions& options) {
  switch (options.sampler) {
    case SamplerKind::poisson:
      return Sampler::poisson(options.sampling_rate);
    case SamplerKind::full_batch:
      if (options.sampling_rate != 1) {
        throw ConfigError("full batch means sampling rate 1, got " + to_text(options.sampling_rate));
      }
      return Sampler::full_batch();
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

const PrivacyOptions& checked(const PrivacyOptions& options) {
  if (options.unit.empty()) {
    throw ConfigError("the unit of privacy is not stated: say what one sample is, for example \"one image\"");
  }
  if (options.unit.find('\0') != std::string::npos || first_invalid_utf8(options.unit)) {
    throw ConfigError("the unit of privacy is \"" + printable(options.unit) + "\", expected words in UTF-8");
  }
  if (options.steps == 0) throw ConfigError("steps is 0, expected the number of releases, 1 or more");
  if (!(options.delta > 0 && options.delta < 1)) {
    throw ConfigError("delta is " + to_text(options.delta) +
                      ", expected a probability above 0 and below 1, well under one over the number of people");
  }
  if (options.target_epsilon.has_value() == options.noise_multiplier.has_value()) {
    throw ConfigError(options.target_epsilon
                          ? "both a target epsilon and a noise multiplier are stated; one follows from the other"
                          : "neither a target epsilon nor a noise multiplier is stated");
  }
  if (options.epsilon_budget && !options.noise_multiplier) {
    throw ConfigError(
        "an epsilon budget is stated beside a target epsilon; it cuts the steps of a stated noise "
        "multiplier, while a target epsilon is kept by its noise");
  }
  return options;
}

Ledger whole_run(const PrivacyOptions& options, double noise_multiplier) {
  Ledger ledger(options.neighbours);
  ledger.append(make_sampler(options).event(noise_multiplier), options.steps);
  return ledger;
}

ChainedRun chain_of(const PrivacyOptions& options) {
  return ChainedRun({.earlier_runs = options.earlier_runs,
                     .initial_weights = options.initial_weights.value_or(InitialWeights::random),
                     .fixed_in_advance = options.plans_fixed_in_advance,
                     .unit = options.unit,
                     .neighbours = options.neighbours,
                     .accountant = options.accountant,
                     .delta = options.delta});
}

/// What was spent before leaves no room, whatever this run does.
void require_room(const ChainedRun::OwnChain& chain, double limit, double delta, const std::string& word) {
  if (chain.before.releases() == 0) return;
  const double before = chain.accountant->epsilon(chain.before, delta);
  if (before < limit) return;
  throw ConfigError("the runs before this one cost the same people epsilon " + to_text(before) + " already, by " +
                    std::string(chain.accountant->name()) + ", which leaves nothing of the " + word + " epsilon " +
                    to_text(limit) + "; state a larger one");
}

/// The least noise that every chain of people needs.
double find_noise_multiplier(const PrivacyOptions& options, const ChainedRun& chained) {
  if (options.noise_multiplier) return *options.noise_multiplier;
  double most = 0;
  for (const ChainedRun::OwnChain& chain : chained.own_chains()) {
    require_room(chain, *options.target_epsilon, options.delta, "target");
    const auto schedule = [&](double noise_multiplier) { return chain.with(whole_run(options, noise_multiplier)); };
    most =
        std::max(most, calibrate_noise_multiplier(*chain.accountant, *options.target_epsilon, options.delta, schedule));
  }
  return most;
}

/// With the steps that the budget allows.
PrivacyOptions within_budget(const PrivacyOptions& stated) {
  PrivacyOptions options = checked(stated);
  if (!options.epsilon_budget) return options;
  const ChainedRun chained = chain_of(options);
  for (const ChainedRun::OwnChain& chain : chained.own_chains()) {
    require_room(chain, *options.epsilon_budget, options.delta, "budget");
    const auto schedule = [&](std::uint64_t steps) {
      PrivacyOptions shorter = options;
      shorter.steps = steps;
      return chain.with(whole_run(shorter, *options.noise_multiplier));
    };
    options.steps = calibrate_count(*chain.accountant, *options.epsilon_budget, options.delta, options.steps, schedule);
    if (options.steps == 0) break;
  }
  if (options.steps > 0) return options;
  throw ConfigError("the epsilon budget " + to_text(*options.epsilon_budget) +
                    " does not allow a single step with noise multiplier " + to_text(*options.noise_multiplier) +
                    "; state more noise, a lower sampling rate or a larger budget");
}

}  // namespace

TrainingPlan::TrainingPlan(const PrivacyOptions& options)
    : options_(within_budget(options)),
      chain_(chain_of(options)),
      sampler_(make_sampler(options)),
      clip_rule_(ClipRule::flat(options.clip_bound)),
      noise_multiplier_(find_noise_multiplier(options, chain_)),
      mechanism_(GaussianMechanism(sampler_, noise_multiplier_, clip_rule_.sensitivity(), options.expected_batch_size)),
      guarantee_(guarantee(whole_run())) {}

Ledger TrainingPlan::whole_run() const {
  return dpml::whole_run(options_, noise_multiplier_);
}

Guarantee TrainingPlan::schedule_guarantee(const Ledger& ledger) const {
  return chain_.guarantee(ledger);
}

Guarantee TrainingPlan::guarantee(const Ledger& ledger) const {
  Guarantee guarantee = schedule_guarantee(ledger);
  // Whoever knows the seed can take the noise away again.
  if (options_.seed && ledger.releases() > 0) guarantee.epsilon = std::numeric_limits<double>::infinity();
  return guarantee;
}

bool TrainingPlan::allows_another(const Ledger& ledger) const {
  return ledger.releases() < options_.steps;
}

void TrainingPlan::require_within_budget(const Ledger& spent) const {
  const std::optional<double> limit = options_.target_epsilon ? options_.target_epsilon : options_.epsilon_budget;
  const bool promises = !options_.initial_weights || may_claim(*options_.initial_weights);
  if (!limit || !promises) return;
  Ledger whole = spent;
  if (allows_another(spent)) whole.append(event_of(mechanism_), options_.steps - spent.releases());
  if (whole == whole_run()) return;
  const double epsilon = schedule_guarantee(whole).epsilon;
  if (epsilon <= *limit) return;
  throw PrivacyError("what was released so far and what is planned would together cost epsilon " + to_text(epsilon) +
                     ", above " + to_text(*limit) + "; the earlier part was planned otherwise, and cannot go on");
}

}  // namespace dpml
