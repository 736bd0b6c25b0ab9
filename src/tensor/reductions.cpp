#include "dpml/tensor/reductions.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace dpml {

double sum_of(std::span<const float> values) {
  const float* x = values.data();
  const std::size_t count = values.size();
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]);
  return sum;
}

double dot(std::span<const float> a, std::span<const float> b) {
  const float* x = a.data();
  const float* y = b.data();
  const std::size_t count = a.size();
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

float largest_of(std::span<const float> values) {
  // Comparisons are the one reduction that neither compiler vectorises by itself, NaN being in the way.
  constexpr std::size_t kLanes = 16;
  using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;
  float largest = -std::numeric_limits<float>::infinity();
  std::size_t i = 0;
  if (values.size() >= kLanes) {
    Lanes lanes = largest - Lanes{};
    for (; i + kLanes <= values.size(); i += kLanes) {
      Lanes next;
      std::memcpy(&next, values.data() + i, sizeof(next));
      lanes = lanes < next ? next : lanes;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) largest = std::max(largest, lanes[lane]);
  }
  for (; i < values.size(); ++i) largest = std::max(largest, values[i]);
  return largest;
}

}  // namespace dpml
