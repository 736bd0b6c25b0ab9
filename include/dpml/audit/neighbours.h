#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dpml/tensor/shape.h"

namespace dpml {

/// One step of training on two data sets that differ by one record, with the same weights and seed and without noise.
struct NeighbourTrial {
  std::string model;    ///< "linear 5 -> 8, relu, linear 8 -> 3"
  std::string records;  ///< what the data sets hold, and the record that one of them has more
  Index rows = 0;       ///< of the smaller one
  double moved = 0;     ///< how far the clipped sums lie apart, in clip bounds; 1 is allowed
  double reading = 0;   ///< by how much more the float32 weights, from which sums are read, may say

  bool holds() const { return moved <= 1.0000001 + reading; }  ///< also false for NaN
};

struct NeighbourOptions {
  int trials = 4000;
  std::uint64_t seed = 1;  ///< of models, records and all else
};

/// What came of all trials.
struct NeighbourReport {
  int trials = 0;
  int failed = 0;
  NeighbourTrial worst;  ///< the one that moved most; NaN counts as most
};

/// Does the trainer keep the promise that all epsilons rest on: one record more or less moves the sum of clipped
/// gradients by at most the clip bound? Trains random small models (linear, convolution, normalisation, sequences,
/// embedding, dropout) by Trainer on random records and on such as were made to break it: NaN, infinite, huge and tiny
/// numbers, rows on a kink of the model, where one rounding turns their gradients round, and positions that undo each
/// other; in batches of 0 to some 300 rows, physical batches of any size, one thread or several.
/// on_trial sees every trial; it may be empty. Throws ConfigError when trials is not positive.
NeighbourReport test_neighbours(const NeighbourOptions& options,
                                const std::function<void(const NeighbourTrial&)>& on_trial = {});

}  // namespace dpml
