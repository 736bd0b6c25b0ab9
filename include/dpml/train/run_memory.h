#pragma once

#include <cstdint>

#include "dpml/config/experiment.h"
#include "dpml/config/model_sizes.h"
#include "dpml/train/batch_layout.h"

namespace dpml {

/// What a run will need, known before anything is allocated.
struct RunMemory {
  ModelSizes sizes;
  BatchLayout layout;
  std::uint64_t bytes = 0;  ///< beside the data and the program; an estimate from above
};

RunMemory run_memory(const Experiment& experiment);

/// Throws ConfigError when this machine does not have so much.
void require_memory(const RunMemory& memory);

}  // namespace dpml
