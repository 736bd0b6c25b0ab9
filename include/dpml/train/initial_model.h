#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dpml/config/experiment.h"
#include "dpml/io/named_tensor.h"

namespace dpml {

/// Where a training begins.
struct InitialModel {
  std::vector<NamedTensor> weights;      ///< in the model's order, without those that stay fresh; none: all drawn
  std::string record;                    ///< record digest of the model file of dpml that they came from, or ""
  std::string not_used;                  ///< a sentence about what else the file holds, or ""
  bool has_ledger = false;               ///< that file tells of releases, so somebody's data was worth protecting
  std::vector<EarlierRun> earlier_runs;  ///< that are carried along
};

/// The model that the config names in runtime.initial_model: a run folder, a model file of dpml, or a file of others
/// (dpml/io/foreign_weights.h); runtime.initial_names says which of its weights are which. Only a model file that dpml
/// wrote has a ledger to carry along, so same_people wants one; disjoint people of whom nothing is known are carried
/// along as a run that claims nothing. Throws FileError and ConfigError.
InitialModel read_initial_model(const Experiment& experiment);

/// The config's privacy options, with the runs before it; reads the model file that they stand in.
PrivacyOptions with_earlier_runs(const Experiment& experiment);

}  // namespace dpml
