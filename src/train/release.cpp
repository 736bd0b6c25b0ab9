#include "release.h"

#include "dpml/base/version.h"
#include "dpml/train/claim.h"

namespace dpml {

ModelFile release_of(const TrainingPlan& plan, const Ledger& released, Ending ending) {
  const PrivacyOptions& privacy = plan.options();
  return {.config = "",
          .weights = {},
          .planned = privacy.steps,
          .unit = privacy.unit,
          .noise_key = privacy.seed ? NoiseKey::chosen_seed : NoiseKey::operating_system,
          .initial_weights = privacy.initial_weights.value_or(InitialWeights::unknown),
          .ending = ending,
          .earlier_runs = privacy.earlier_runs,
          .claims_of_others = plan.claims_of_others(),
          .dpml_version = kVersion,
          .ledger = released,
          .claim = claim_of(plan, released, ending)};
}

}  // namespace dpml
