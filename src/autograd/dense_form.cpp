#include <algorithm>

#include "dpml/base/vectorised.h"
#include "dpml/tensor/reductions.h"
#include "forms.h"

namespace dpml {

void add_scaled(float weight, const float* from, Index count, float* into) {
  vectorised([=] {
    for (Index i = 0; i < count; ++i) into[i] += weight * from[i];
  });
}

void add_dense_norms(const Tensor& g, std::span<double> upper) {
  const Index size = g.shape().without_front().size();
  for (Index b = 0; b < g.axis(0); ++b) {
    const double squares =
        sum_of_squares(g.values().subspan(static_cast<std::size_t>(b * size)).first(static_cast<std::size_t>(size)));
    upper[static_cast<std::size_t>(b)] += rounded_up(squares, size);
  }
}

void add_dense_sum(const Tensor& g, std::span<const float> weights, float* into) {
  // A tile of the sum stays in the first-level cache while all samples are added to it.
  constexpr Index kTile = 1024;
  const Index size = g.shape().without_front().size();
  for (Index begin = 0; begin < size; begin += kTile) {
    const Index count = std::min(kTile, size - begin);
    for (Index b = 0; b < g.axis(0); ++b) {
      const float weight = weights[static_cast<std::size_t>(b)];
      if (weight == 0) continue;
      add_scaled(weight, g.data() + b * size + begin, count, into + begin);
    }
  }
}

}  // namespace dpml
