#pragma once

#include <cstddef>
#include <span>

#include "dpml/base/vectorised.h"

namespace dpml {

// One number from many. The result's bits depend on the numbers and their order alone: not on where they lie in memory,
// nor on the processor.

/// The sum of term(0), ..., term(count - 1), added up in double: fewer than 32 one after the other, more in 32 partial
/// sums (number i goes to sum i mod 32), whose halves are then added until one is left.
template <class Term>
double sum_of_terms(std::size_t count, const Term& term) {
  constexpr std::size_t kParts = 32;  // four vectors hide the latency of an addition
  if (count < kParts) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += term(i);
    return sum;
  }
  double sum = 0;
  vectorised([&] {
    double parts[kParts] = {};
    std::size_t first = 0;
    for (; first + kParts <= count; first += kParts) {
#pragma omp simd
      for (std::size_t l = 0; l < kParts; ++l) parts[l] += term(first + l);
    }
    for (std::size_t l = 0; first + l < count; ++l) parts[l] += term(first + l);
    for (std::size_t width = kParts / 2; width > 0; width /= 2) {
      for (std::size_t l = 0; l < width; ++l) parts[l] += parts[l + width];
    }
    sum = parts[0];
  });
  return sum;
}

/// The sum, added up in double.
double sum_of(std::span<const float> values);

/// sum_i a[i] b[i] in double, each product exact. The spans have the same length.
double dot(std::span<const float> a, std::span<const float> b);

/// sum_i a[i]^2 in double, each square exact.
double sum_of_squares(std::span<const float> values);

/// The largest; NaN is passed over. -infinity for no numbers.
float largest_of(std::span<const float> values);

}  // namespace dpml
