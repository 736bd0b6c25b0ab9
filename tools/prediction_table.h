#pragma once

#include <string>

#include "dpml/config/experiment.h"
#include "dpml/data/data_origin.h"
#include "dpml/tensor/tensor.h"

namespace dpml::tools {

struct PredictionTable {
  std::string text;              ///< CSV
  Index without_prediction = 0;  ///< rows that have none
};

/// A line for each row of the file, in order: `row` from 0, then what the model says. For classes `class` and the
/// probability of each (of class 1 for binary_cross_entropy), or with `logits` the raw outputs; for numbers
/// `prediction`. Classes and targets have the names that the config declares, else numbers from 0; a model with several
/// positions counts them from 0. A row that was dropped, or whose outputs are not finite, has nothing behind its
/// number.
PredictionTable prediction_table(const Experiment& experiment, const DataOrigin& origin, const Tensor& outputs,
                                 bool logits);

}  // namespace dpml::tools
