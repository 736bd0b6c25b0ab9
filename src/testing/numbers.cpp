#include "numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace dpml::testing {

std::span<const float> row(const Tensor& x, Index sample) {
  const auto size = static_cast<std::size_t>(x.shape().without_front().size());
  return x.values().subspan(static_cast<std::size_t>(sample) * size, size);
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

bool same_bits(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

double length(std::span<const float> a) {
  double squares = 0;
  for (const float value : a) squares += static_cast<double>(value) * value;
  return std::sqrt(squares);
}

double distance(std::span<const float> a, std::span<const float> b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    squares += difference * difference;
  }
  return std::sqrt(squares);
}

Tensor sum(const Tensor& a, const Tensor& b) {
  Tensor total(a.shape());
  for (Index i = 0; i < total.size(); ++i) total.mutable_data()[i] = a.data()[i] + b.data()[i];
  return total;
}

}  // namespace dpml::testing
