#pragma once

#include <optional>

#include "dpml/data/dataset.h"
#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"

namespace dpml {

/// Figures of a model on some samples. On private people they are private: no guarantee covers them.
struct Evaluation {
  Index count = 0;
  Index not_finite = 0;            ///< samples whose loss is infinite or NaN, as of inputs that are
  double loss = 0;                 ///< mean over the other samples
  std::optional<double> accuracy;  ///< share of right labels, of all that count; absent for regression
};

/// Bits do not depend on the number of threads; 0 means all cores. Throws DataError when there are no samples, and what
/// layers and loss throw for rows that check_rows refuses.
Evaluation evaluate(const Layer& model, const Dataset& data, const LossOptions& loss, int threads);

/// The model's raw outputs for all samples, [N, ...]; NaN for a sample with an input that is not finite.
Tensor predict(const Layer& model, const Dataset& data, int threads);

}  // namespace dpml
