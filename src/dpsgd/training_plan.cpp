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

}  // namespace

TrainingPlan::TrainingPlan(const PrivacyOptions& options)
    : options_(checked(options)),
      sampler_(make_sampler(options)),
      clip_rule_(options.clip_bound),
      noise_multiplier_(find_noise_multiplier(options)),
      mechanism_(sampler_, noise_multiplier_, options.clip_bound, options.expected_batch_size),
      guarantee_(guarantee(whole_run(options, noise_multiplier_))) {}

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

}  // namespace dpml
