#pragma once

#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/model_file.h"

namespace dpml {

/// The parts of a model file that follow from plan, ledger and ending: all but config, weights and what is known of
/// their beginning.
ModelFile release_of(const TrainingPlan& plan, const Ledger& released, Ending ending);

}  // namespace dpml
