#pragma once

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/chain.h"
#include "dpml/dpsgd/clip_rule.h"
#include "dpml/dpsgd/mechanism.h"
#include "dpml/dpsgd/privacy_options.h"
#include "dpml/dpsgd/sampler.h"

namespace dpml {

/// Sampler, clip rule and mechanism, made together from the stated options, so that events and deeds agree. Public
/// numbers only.
///
/// Target, budget and guarantees are about this run and those before it on the same people together (options'
/// earlier_runs; ChainedRun).
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
  const Mechanism& mechanism() const { return mechanism_; }
  double noise_multiplier() const { return noise_multiplier_; }

  /// What the whole run will guarantee; epsilon is infinity without noise, when the seed was chosen, and when it is not
  /// known whose data the initial weights have seen.
  const Guarantee& guarantee() const { return guarantee_; }
  /// What may be claimed for the ledger so far, by the plan's accountant.
  Guarantee guarantee(const Ledger& ledger) const;
  /// The same as if the key of the noise were secret: what a chosen seed would guarantee if nobody knew it.
  Guarantee schedule_guarantee(const Ledger& ledger) const;
  /// What the whole plan releases.
  Ledger whole_run() const;
  /// What is claimed for people of earlier runs whom this run does not touch.
  std::vector<ClaimOfOthers> claims_of_others() const { return chain_.claims_of_others(); }
  /// May one more release happen? The plan allows options().steps of them, those of interrupted runs included.
  bool allows_another(const Ledger& ledger) const;
  /// Throws PrivacyError when `spent` and the releases that the plan still allows would together pass the target or the
  /// budget. Releases of this plan itself never do; those of another version of dpml might.
  void require_within_budget(const Ledger& spent) const;

 private:
  PrivacyOptions options_;
  ChainedRun chain_;
  Sampler sampler_;
  ClipRule clip_rule_;
  double noise_multiplier_;
  Mechanism mechanism_;
  Guarantee guarantee_;
};

}  // namespace dpml
