#pragma once

#include <optional>

#include "dpml/data/dataset.h"
#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"

namespace dpml {

/// Figures of a model on some samples. On private people they are private: no guarantee covers them.
struct Evaluation {
  Index count = 0;
  double loss = 0;                 ///< mean over the samples; 0 when there are none
  std::optional<double> accuracy;  ///< share of right labels; absent for regression and without labels
};

/// Bits do not depend on the number of threads; 0 means all cores.
Evaluation evaluate(const Layer& model, const Dataset& data, Loss loss, int threads);

/// The model's raw outputs for all samples, [N, ...].
Tensor predict(const Layer& model, const Dataset& data, int threads);

}  // namespace dpml
