#pragma once

#include <vector>

#include "dpml/dpsgd/clipped_sum.h"

namespace dpml {

/// What one lane has gathered: a block of clipped gradients summed in float, and the blocks before it in double.
struct ClippedSum::Lane {
  std::vector<float> block;  // all parameters, one after the other
  std::vector<double> total;
  Index block_samples = 0;
  bool has_block = false;
  bool has_total = false;
  // Reused from batch to batch.
  std::vector<std::pair<std::size_t, PerSampleGrad>> gradients;
  std::vector<double> squared_norms;
  std::vector<float> weights;
};

struct ClippedSum::Contents {
  ClipRule rule;
  std::vector<const Parameter*> parameters;
  std::vector<std::size_t> offsets;  // of each parameter in a lane; one more place for the end
  std::vector<Lane> lanes;
};

}  // namespace dpml
