#pragma once

#include <span>
#include <variant>

#include "dpml/autograd/patches.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// The gradient of one parameter for each of B samples, as a value. Mathematically a tensor [B, parameter...]; held
/// in one of four forms, the gradient itself or its factors. Clipping needs two answers only: how long is each
/// sample's gradient, and what is their weighted sum.
class PerSampleGrad {
 public:
  /// g [B, parameter...]: the gradients themselves.
  static PerSampleGrad dense(Tensor g);
  /// Parameter [m, n], sample b: sum_t u[b,t,:]^T v[b,t,:]. u [B, ..., m], v [B, ..., n]; the middle axes, T positions
  /// in all, must agree.
  static PerSampleGrad outer(const Tensor& u, const Tensor& v);
  /// Parameter [out, kh, kw, in/groups] of a convolution: as outer, with u = the output's gradient [B, oh, ow, out] and
  /// v = the patches of x [B, H, W, C], unfolded when needed.
  static PerSampleGrad patches(const Tensor& u, const Tensor& x, const PatchGeometry& geometry);
  /// Parameter [vocabulary, n], sample b: v[b,t,:] is added to row index[b,t]. index [B, T], v [B, T, n]. Throws Error
  /// when an index is not a whole number in [0, vocabulary).
  static PerSampleGrad rows(const Tensor& index, const Tensor& v, Index vocabulary);

  Index batch() const;
  Shape parameter_shape() const;

  /// Adds to upper[b] the squared length of sample b's gradient as add_weighted_sum adds it up over the sample's own
  /// positions, or more: never less. With T positions that stay factors it may exceed the length by T 2^-24 times the
  /// sum of the positions' lengths. Not finite when the sample's gradient is not, or might leave the range of float on
  /// the way. upper has B places.
  void add_squared_norms(std::span<double> upper) const;

  /// Adds sum_b weights[b] * gradient[b] to `into` (parameter size), sample after sample: what a sample adds is a
  /// function of its gradient and weight alone, bit for bit, and each addition is rounded once. A sample of weight 0 is
  /// skipped, not multiplied, so whatever it holds (NaN, infinity) cannot reach the sum.
  void add_weighted_sum(std::span<const float> weights, float* into) const;

  /// [B, parameter...]; the oracle, and the way out for unusual uses.
  Tensor to_dense() const;

  /// The same gradients in the form in which norms are cheaper; a pure function of the shapes. With T positions and a
  /// parameter of m*n numbers, direct norms need T*m*n work and m*n numbers, Gram norms T*T*(m+n) and T*(m+n)
  /// (docs/architecture.md, "The smaller form").
  PerSampleGrad in_smaller_form() &&;

  /// Another use of the same parameter. Throws ShapeError when batch or parameter differ.
  PerSampleGrad& operator+=(PerSampleGrad other);

 private:
  struct Dense {
    Tensor g;  // [B, parameter...]
  };
  struct Outer {
    Tensor u;  // [B, T, m]
    Tensor v;  // [B, T, n]
  };
  struct Patches {
    Tensor u;  // [B, T, out]
    Tensor x;  // [B, H, W, C]
    PatchGeometry geometry;
  };
  struct Rows {
    Tensor index;  // [B, T]
    Tensor v;      // [B, T, n]
    Index vocabulary;
  };
  using Form = std::variant<Dense, Outer, Patches, Rows>;
  explicit PerSampleGrad(Form form) : form_(std::move(form)) {}

  Form form_;
};

}  // namespace dpml
