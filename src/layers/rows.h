#pragma once

// Sums over rows of features. Each number's bits depend on its own column and sample alone.

#include "dpml/tensor/tensor.h"

namespace dpml {

/// Adds row[width] to each of `count` rows of `values`.
void add_to_rows(const float* row, Index count, Index width, float* values);

/// x [B, ..., n] -> [B, n], summed over the middle axes.
Tensor sum_positions(const Tensor& x);

}  // namespace dpml
