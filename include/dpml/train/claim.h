#pragma once

#include <vector>

#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/ending.h"
#include "dpml/io/model_file.h"

namespace dpml {

/// What a run may claim that released so much of its plan and came to this end (docs/threat_model.md, "When it
/// stopped").
Guarantee claim_of(const TrainingPlan& plan, const Ledger& released, Ending ending);

/// A finished run as those that begin from its weights account for it: the runs that it carries along, and itself, the
/// last one. It is charged its whole plan, unless it stopped independently, and a NonPrivate event beside it where it
/// claims nothing. A model of version 1 says less, so more is charged. Throws ConfigError when its config is not one of
/// dpml.
std::vector<EarlierRun> earlier_runs_of(const ModelFile& model);

}  // namespace dpml
