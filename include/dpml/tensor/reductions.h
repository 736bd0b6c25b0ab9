#pragma once

#include <span>

namespace dpml {

// One number from many. The result's bits depend on the numbers and their order alone, not on where they lie in memory.

/// The sum, added up in double.
double sum_of(std::span<const float> values);

/// sum_i a[i] b[i] in double, each product exact. The spans have the same length.
double dot(std::span<const float> a, std::span<const float> b);

/// The largest; NaN is passed over. -infinity for no numbers.
float largest_of(std::span<const float> values);

}  // namespace dpml
