#pragma once

// What attention computes between its projections.

#include "dpml/tensor/gemm.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Queries, keys and values of all heads: a row of qkv [B, T, row()] holds the queries of each head, one after the
/// other, then the keys, then the values.
struct Heads {
  Index queries = 1;  ///< heads
  Index keys = 1;     ///< heads of keys and values, a divisor of queries; queries / keys heads in a row share one
  Index width = 0;    ///< of each head
  bool is_causal = false;
  Products by = Products::own;

  Index features() const { return queries * width; }
  Index row() const { return (queries + 2 * keys) * width; }
};

struct Attended {
  Tensor y;       ///< [B, T, features()]
  Tensor shares;  ///< [B, queries, T, T]: how much of position s goes to position t
};

/// For each head softmax(q k^T / sqrt(width)) v (Vaswani et al. 2017, equation 1); where is_causal, over the positions
/// up to t alone.
Attended attend(const Heads& heads, const Tensor& qkv);
/// The gradient of qkv, given that of y.
Tensor attend_gradient(const Heads& heads, const Tensor& qkv, const Tensor& shares, const Tensor& dy);

/// position 10000^(-2 pair/width) (Su et al. 2021, equation 34).
double rotary_angle(Index position, Index pair, Index width);

/// Turns each pair of numbers (2i, 2i+1) of the queries and keys at position t by direction times rotary_angle, in
/// place.
void rotate(const Heads& heads, double direction, Tensor& qkv);

}  // namespace dpml
