#pragma once

#include <variant>
#include <vector>

#include "dpml/dpsgd/clipped_sum.h"
#include "gaussian_sum.h"

namespace dpml {

/// What a clipped sum is made of: the clipping, which is the same for every mechanism, and the sum of the one that
/// releases it.
struct SumMemory::Contents {
  /// Of a lane, reused from batch to batch.
  struct Scratch {
    std::vector<PlacedGradient> gradients;
    std::vector<std::vector<double>> squared_norms;  // by clip group, by sample
    std::vector<std::vector<float>> weights;         // likewise
  };

  ClipRule rule;
  std::vector<const Parameter*> parameters;
  std::variant<GaussianSum> sum;  // one for each mechanism
  std::vector<Scratch> scratch;   // by lane
  bool is_taken = false;          // a sum lives here

  /// Adds the gradients of the lane's scratch, which it forgets: norms, weights, sum.
  void add_clipped(int lane, Index samples);
};

}  // namespace dpml
