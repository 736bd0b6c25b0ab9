#pragma once

#include "dpml/accounting/accountant.h"
#include "dpml/dpsgd/clip_rule.h"
#include "dpml/dpsgd/gaussian_mechanism.h"
#include "dpml/dpsgd/privacy_options.h"
#include "dpml/dpsgd/sampler.h"

namespace dpml {

/// Sampler, clip rule and mechanism, made together from the stated options, so that events and deeds agree. Public
/// numbers only.
class TrainingPlan {
 public:
  /// Solves for the noise multiplier where a target epsilon is stated, and for the number of steps where an epsilon
  /// budget is: the schedule is fixed in advance, so any accountant may judge it. Throws ConfigError naming the option
  /// that is missing, impossible or contradicts another one.
  explicit TrainingPlan(const PrivacyOptions& options);

  /// As stated, but for steps, which are those that the budget allows.
  const PrivacyOptions& options() const { return options_; }
  const Sampler& sampler() const { return sampler_; }
  const ClipRule& clip_rule() const { return clip_rule_; }
  const GaussianMechanism& mechanism() const { return mechanism_; }
  double noise_multiplier() const { return noise_multiplier_; }

  /// What the whole run will guarantee; epsilon is infinity without noise, and when the seed was chosen.
  const Guarantee& guarantee() const { return guarantee_; }
  /// What may be claimed for the ledger so far, by the plan's accountant.
  Guarantee guarantee(const Ledger& ledger) const;
  /// The same as if the key of the noise were secret: what a chosen seed would guarantee if nobody knew it.
  Guarantee schedule_guarantee(const Ledger& ledger) const;
  /// May one more release happen? The plan allows options().steps of them, those of interrupted runs included.
  bool allows_another(const Ledger& ledger) const;
  /// Throws PrivacyError when `spent` and the releases that the plan still allows would together pass the target or the
  /// budget. Releases of this plan itself never do; those of another version of dpml might.
  void require_within_budget(const Ledger& spent) const;

 private:
  PrivacyOptions options_;
  Sampler sampler_;
  ClipRule clip_rule_;
  double noise_multiplier_;
  GaussianMechanism mechanism_;
  Guarantee guarantee_;
};

}  // namespace dpml
