#include "rows.h"

#include <array>

#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

// So many columns at a time, their sums stay in registers.
constexpr Index kColumns = 16;

void sum_rows(const float* __restrict values, Index count, Index width, float* __restrict sums) {
  vectorised([=] {
    Index first = 0;
    for (; first + kColumns <= width; first += kColumns) {
      std::array<float, kColumns> sum{};
      for (Index row = 0; row < count; ++row) {
        const float* from = values + row * width + first;
#pragma omp simd
        for (std::size_t i = 0; i < kColumns; ++i) sum[i] += from[i];
      }
      for (std::size_t i = 0; i < kColumns; ++i) sums[first + static_cast<Index>(i)] = sum[i];
    }
    for (Index column = first; column < width; ++column) sums[column] = 0;
    for (Index row = 0; row < count; ++row) {
      for (Index column = first; column < width; ++column) sums[column] += values[row * width + column];
    }
  });
}

}  // namespace

void add_to_rows(const float* __restrict row, Index count, Index width, float* __restrict values) {
  vectorised([=] {
    for (Index i = 0; i < count; ++i) {
      float* to = values + i * width;
#pragma omp simd
      for (Index column = 0; column < width; ++column) to[column] += row[column];
    }
  });
}

Tensor sum_positions(const Tensor& x) {
  const Index batch = x.axis(0);
  const Index width = x.axis(-1);
  Index positions = 1;
  for (Index axis = 1; axis + 1 < x.shape().rank(); ++axis) positions *= x.axis(axis);
  if (positions == 1) return x.reshaped(Shape{batch, width});
  Tensor sums(Shape{batch, width});
  for (Index sample = 0; sample < batch; ++sample) {
    sum_rows(x.data() + sample * positions * width, positions, width, sums.mutable_data() + sample * width);
  }
  return sums;
}

}  // namespace dpml
