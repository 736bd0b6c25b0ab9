#pragma once

#include <memory>
#include <string>

#include "dpml/layers/losses.h"
#include "dpml/layers/sequential.h"
#include "dpml/random/rng.h"

namespace dpml {

/// A small random model, and what it wants of a record.
struct NeighbourModel {
  std::string name;
  std::unique_ptr<Sequential> layers;
  Shape input;           ///< of one sample
  Index vocabulary = 0;  ///< above 0: inputs are indices
  Loss loss = Loss::cross_entropy;
  Index classes = 0;  ///< for cross_entropy; labels have shape []
  Shape target;       ///< of one sample, for the other losses
};

NeighbourModel random_neighbour_model(Rng& rng);

}  // namespace dpml
