#include "dpml/tensor/reductions.h"

#include <algorithm>
#include <limits>

namespace dpml {

double sum_of(std::span<const float> values) {
  return sum_of_terms(values.size(), [x = values.data()](std::size_t i) { return static_cast<double>(x[i]); });
}

double dot(std::span<const float> a, std::span<const float> b) {
  return sum_of_terms(a.size(), [x = a.data(), y = b.data()](std::size_t i) {
    return static_cast<double>(x[i]) * static_cast<double>(y[i]);
  });
}

double sum_of_squares(std::span<const float> values) {
  return sum_of_terms(values.size(), [x = values.data()](std::size_t i) {
    const auto value = static_cast<double>(x[i]);
    return value * value;
  });
}

float largest_of(std::span<const float> values) {
  constexpr std::size_t kParts = 16;
  const float* x = values.data();
  const std::size_t count = values.size();
  float largest = -std::numeric_limits<float>::infinity();
  if (count < 2 * kParts) {
    for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, x[i]);
    return largest;
  }
  vectorised([&] {
    float parts[kParts];
    std::fill_n(parts, kParts, largest);
    std::size_t first = 0;
    for (; first + kParts <= count; first += kParts) {
#pragma omp simd
      for (std::size_t l = 0; l < kParts; ++l) parts[l] = parts[l] < x[first + l] ? x[first + l] : parts[l];
    }
    for (std::size_t l = 0; first + l < count; ++l) parts[l] = std::max(parts[l], x[first + l]);
    for (const float part : parts) largest = std::max(largest, part);
  });
  return largest;
}

}  // namespace dpml
