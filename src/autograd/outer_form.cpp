#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/base/vectorised.h"
#include "dpml/tensor/gemm.h"
#include "dpml/tensor/reductions.h"
#include "forms.h"

namespace dpml {

namespace {

double squared_length(const float* values, Index count) {
  return sum_of_squares({values, static_cast<std::size_t>(count)});
}

/// The product u^T v over `rows` rows.
MatrixProduct product_of(Index rows, Index m, const float* u, Index n, const float* v, float* into) {
  return {m, n, rows, {u, m, Transpose::yes}, {v, n}, into, n};
}

/// The rows [B, 1, size] of the samples with a weight other than 0, one after the other, multiplied by it when
/// `scaled`. A product below the smallest normal number becomes 0: rounded there, it could be twice as long as it
/// should be.
Tensor kept_rows(const Tensor& x, std::span<const float> weights, Index kept, bool scaled) {
  const Index size = x.axis(2);
  Tensor rows(Shape{kept, size});
  float* to = rows.mutable_data();
  for (Index b = 0; b < x.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    const float* from = x.data() + b * size;
    if (scaled && weight != 1) {
      vectorised([=] {
        for (Index i = 0; i < size; ++i) {
          const float product = weight * from[i];
          to[i] = std::abs(product) < std::numeric_limits<float>::min() ? 0.0F : product;
        }
      });
    } else {
      std::copy_n(from, size, to);
    }
    to += size;
  }
  return rows;
}

/// Samples of one position: one product over the samples, whose sums go on from `into`.
void add_single_positions(const Tensor& u, const Tensor& v, std::span<const float> weights, float* into) {
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  const Index kept = std::ssize(weights) - std::count(weights.begin(), weights.end(), 0.0F);
  const bool all_kept = kept == u.axis(0);
  const bool all_one = std::all_of(weights.begin(), weights.end(), [](float weight) { return weight == 1.0F; });
  const bool scale_u = m <= n;  // the smaller factor carries the weights
  const Tensor left = all_one || (all_kept && !scale_u) ? u : kept_rows(u, weights, kept, scale_u);
  const Tensor right = all_one || (all_kept && scale_u) ? v : kept_rows(v, weights, kept, !scale_u);
  MatrixProduct product = product_of(kept, m, left.data(), n, right.data(), into);
  product.result = GemmResult::goes_on;
  gemm(product);
}

/// Samples of many positions: each one's own sum first, so that a long position never meets another sample.
void add_many_positions(const Tensor& u, const Tensor& v, std::span<const float> weights, float* into) {
  const Index positions = u.axis(1);
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  for (Index b = 0; b < u.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    MatrixProduct product =
        product_of(positions, m, u.data() + b * positions * m, n, v.data() + b * positions * n, into);
    product.result = GemmResult::is_added;
    product.factor = weight;
    gemm(product);
  }
}

}  // namespace

void add_outer_norms(const Tensor& u, const Tensor& v, std::span<double> upper) {
  const Index positions = u.axis(1);
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  for (Index b = 0; b < u.axis(0); ++b) {
    const float* ub = u.data() + b * positions * m;
    const float* vb = v.data() + b * positions * n;
    upper[static_cast<std::size_t>(b)] += positions == 1
                                              ? rounded_up(squared_length(ub, m) * squared_length(vb, n), m + n + 1)
                                              : chain_squared_norm(positions, ub, m, m, vb, n, n);
  }
}

void add_outer_sum(const Tensor& u, const Tensor& v, std::span<const float> weights, float* into) {
  if (u.axis(1) == 1) {
    add_single_positions(u, v, weights, into);
  } else {
    add_many_positions(u, v, weights, into);
  }
}

Tensor dense_from_outer(const Tensor& u, const Tensor& v) {
  const Index positions = u.axis(1);
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  Tensor g(Shape{u.axis(0), m, n});
  for (Index b = 0; b < u.axis(0); ++b) {
    gemm(product_of(positions, m, u.data() + b * positions * m, n, v.data() + b * positions * n,
                    g.mutable_data() + b * m * n));
  }
  return g;
}

}  // namespace dpml
