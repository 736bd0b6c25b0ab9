#pragma once

#include <span>

#include "dpml/tensor/shape.h"

namespace dpml {

/// A logical batch is worked on in physical batches of at most `size` samples: all full but the last.

/// How many physical batches a logical batch of `samples` samples makes; 0 for an empty one.
/// Throws ConfigError when size is not positive.
Index physical_batch_count(Index samples, Index size);

/// Physical batch `number` of `logical`. Throws ConfigError when size is not positive and ShapeError when there are not
/// so many physical batches.
std::span<const Index> physical_batch(std::span<const Index> logical, Index size, Index number);

}  // namespace dpml
