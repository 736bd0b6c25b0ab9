#pragma once

#include <span>

#include "dpml/tensor/shape.h"

namespace dpml {

// Samples are worked on in physical batches of at most `size` of them: as few as that takes, of equal length but for
// one sample.

/// How many physical batches `samples` samples make; 0 for none.
/// Throws ConfigError when size is not positive.
Index physical_batch_count(Index samples, Index size);

/// Physical batch `number` of `samples`. Throws ConfigError when size is not positive and ShapeError when there are not
/// so many physical batches.
std::span<const Index> physical_batch(std::span<const Index> samples, Index size, Index number);

}  // namespace dpml
