#include "dpml/dpsgd/training_plan.h"

#include <cmath>
#include <limits>

#include "dpml/accounting/calibration.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

Sampler make_sampler(const PrivacyOptions& options) {
  if (options.sampler == SamplerKind::full_batch) {
    if (options.sampling_rate != 1) {
      throw ConfigError("full batch means sampling rate 1, got " + to_text(options.sampling_rate));
    }
    return Sampler::full_batch();
  }
  return Sampler::poisson(options.sampling_rate);
}

const PrivacyOptions& checked(const PrivacyOptions& options) {
  if (options.unit.empty()) {
    throw ConfigError("the unit of privacy is not stated: say what one sample is, for example \"one image\"");
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

double find_noise_multiplier(const PrivacyOptions& options) {
  if (options.noise_multiplier) return *options.noise_multiplier;
  return calibrate_noise_multiplier(*make_accountant(options.accountant), *options.target_epsilon, options.delta,
                                    [&](double noise_multiplier) { return whole_run(options, noise_multiplier); });
}

/// With the steps that the budget allows.
PrivacyOptions within_budget(const PrivacyOptions& stated) {
  PrivacyOptions options = checked(stated);
  if (!options.epsilon_budget) return options;
  const auto schedule = [&](std::uint64_t steps) {
    PrivacyOptions shorter = options;
    shorter.steps = steps;
    return whole_run(shorter, *options.noise_multiplier);
  };
  options.steps = calibrate_count(*make_accountant(options.accountant), *options.epsilon_budget, options.delta,
                                  options.steps, schedule);
  if (options.steps > 0) return options;
  throw ConfigError("the epsilon budget " + to_text(*options.epsilon_budget) +
                    " does not allow a single step with noise multiplier " + to_text(*options.noise_multiplier) +
                    "; state more noise, a lower sampling rate or a larger budget");
}

}  // namespace

TrainingPlan::TrainingPlan(const PrivacyOptions& options)
    : options_(within_budget(options)),
      sampler_(make_sampler(options)),
      clip_rule_(options.clip_bound),
      noise_multiplier_(find_noise_multiplier(options)),
      mechanism_(sampler_, noise_multiplier_, options.clip_bound, options.expected_batch_size),
      guarantee_(guarantee(whole_run(options_, noise_multiplier_))) {}

Guarantee TrainingPlan::schedule_guarantee(const Ledger& ledger) const {
  return make_accountant(options_.accountant)->guarantee(ledger, options_.delta);
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
  if (!limit) return;
  Ledger whole = spent;
  if (allows_another(spent)) whole.append(mechanism_.event(), options_.steps - spent.releases());
  if (whole == whole_run(options_, noise_multiplier_)) return;
  const double epsilon = schedule_guarantee(whole).epsilon;
  if (epsilon <= *limit) return;
  throw PrivacyError("what was released so far and what is planned would together cost epsilon " + to_text(epsilon) +
                     ", above " + to_text(*limit) + "; the earlier part was planned otherwise, and cannot go on");
}

}  // namespace dpml
