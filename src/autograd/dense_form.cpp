#include <algorithm>

#include "forms.h"

namespace dpml {

void add_dense_norms(const Tensor& g, std::span<double> upper) {
  const Index size = g.shape().without_front().size();
  for (Index b = 0; b < g.axis(0); ++b) {
    upper[static_cast<std::size_t>(b)] += rounded_up(sum_of_squares(g.data() + b * size, size), size);
  }
}

void add_dense_sum(const Tensor& g, std::span<const float> weights, float* into) {
  // A tile of the sum stays in the first-level cache while all samples are added to it.
  constexpr Index kTile = 1024;
  const Index size = g.shape().without_front().size();
  for (Index begin = 0; begin < size; begin += kTile) {
    const Index count = std::min(kTile, size - begin);
    float* sum = into + begin;
    for (Index b = 0; b < g.axis(0); ++b) {
      const float weight = weights[static_cast<std::size_t>(b)];
      if (weight == 0) continue;
      const float* row = g.data() + b * size + begin;
      for (Index i = 0; i < count; ++i) sum[i] += weight * row[i];
    }
  }
}

}  // namespace dpml
