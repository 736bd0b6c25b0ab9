#include <algorithm>

#include "dpml/tensor/gemm.h"
#include "forms.h"

namespace dpml {

void add_outer_norms(const Tensor& u, const Tensor& v, std::span<double> upper) {
  const Index positions = u.axis(1);
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  for (Index b = 0; b < u.axis(0); ++b) {
    const float* ub = u.data() + b * positions * m;
    const float* vb = v.data() + b * positions * n;
    upper[static_cast<std::size_t>(b)] += positions == 1
                                              ? rounded_up(sum_of_squares(ub, m) * sum_of_squares(vb, n), m + n + 1)
                                              : gram_squared_norm(positions, ub, m, m, vb, n, n);
  }
}

namespace {

/// The rows of the samples with a weight other than 0, one after the other, multiplied by it when `scaled`.
Tensor kept_rows(const Tensor& x, std::span<const float> weights, Index kept, bool scaled) {
  const Index size = x.shape().without_front().size();
  Tensor rows(Shape{kept, x.axis(1), x.axis(2)});
  float* to = rows.mutable_data();
  for (Index b = 0; b < x.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    const float* from = x.data() + b * size;
    const float factor = scaled ? weight : 1.0F;
    for (Index i = 0; i < size; ++i) to[i] = factor * from[i];
    to += size;
  }
  return rows;
}

}  // namespace

void add_outer_sum(const Tensor& u, const Tensor& v, std::span<const float> weights, float* into) {
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  const Index kept = std::ssize(weights) - std::count(weights.begin(), weights.end(), 0.0F);
  const bool all_kept = kept == u.axis(0);
  const bool all_one = std::all_of(weights.begin(), weights.end(), [](float weight) { return weight == 1.0F; });
  const bool scale_u = m <= n;  // the smaller factor carries the weights
  const Tensor left = all_one || (all_kept && !scale_u) ? u : kept_rows(u, weights, kept, scale_u);
  const Tensor right = all_one || (all_kept && scale_u) ? v : kept_rows(v, weights, kept, !scale_u);
  gemm(Transpose::yes, Transpose::no, m, n, kept * u.axis(1), 1.0F, left.data(), m, right.data(), n, 1.0F, into, n);
}

Tensor dense_from_outer(const Tensor& u, const Tensor& v) {
  const Index positions = u.axis(1);
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  Tensor g(Shape{u.axis(0), m, n});
  for (Index b = 0; b < u.axis(0); ++b) {
    gemm(Transpose::yes, Transpose::no, m, n, positions, 1.0F, u.data() + b * positions * m, m,
         v.data() + b * positions * n, n, 0.0F, g.mutable_data() + b * m * n, n);
  }
  return g;
}

}  // namespace dpml
