#pragma once

// The arithmetic of PerSampleGrad's forms, one source file per form.
// Letters: B samples, T positions, m x n the parameter. Norms are squared, in double and rounded up.

#include <span>

#include "dpml/autograd/patches.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Sum of squares in double, of numbers held exactly.
double sum_of_squares(const float* values, Index count);

/// Factor that lifts a double sum of `terms` rounded non-negative products above its true value.
double rounded_up(double sum, Index terms);

/// What a squared norm counts besides for `terms` terms that are added up, `lengths` the sum of their lengths. Where
/// terms undo each other, a weighted sum in float keeps little of their sum but about sqrt(terms) 2^-24 lengths of
/// rounding, its own and that of samples added before. 64 times this counts as length of the gradient, so that what
/// clipping lets through stays within the bound; where they do not undo each other, that is nothing.
double rounding_of_sum(Index terms, double lengths);

/// Squared Frobenius norm of sum_t u_t^T v_t without forming it (the Gram identity), rounded up by a bound of the
/// cancellation: sum_ts (u_t.u_s)(v_t.v_s) + gamma (sum_t |u_t||v_t|)^2, plus rounding_of_sum. Rows are ldu and ldv
/// numbers apart.
double gram_squared_norm(Index positions, const float* u, Index m, Index ldu, const float* v, Index n, Index ldv);

void add_dense_norms(const Tensor& g, std::span<double> upper);
void add_dense_sum(const Tensor& g, std::span<const float> weights, float* into);

void add_outer_norms(const Tensor& u, const Tensor& v, std::span<double> upper);
void add_outer_sum(const Tensor& u, const Tensor& v, std::span<const float> weights, float* into);
Tensor dense_from_outer(const Tensor& u, const Tensor& v);

void add_patches_norms(const Tensor& u, const Tensor& x, const PatchGeometry& geometry, std::span<double> upper);
void add_patches_sum(const Tensor& u, const Tensor& x, const PatchGeometry& geometry, std::span<const float> weights,
                     float* into);
Tensor dense_from_patches(const Tensor& u, const Tensor& x, const PatchGeometry& geometry);

void add_rows_norms(const Tensor& index, const Tensor& v, std::span<double> upper);
void add_rows_sum(const Tensor& index, const Tensor& v, std::span<const float> weights, float* into);
Tensor dense_from_rows(const Tensor& index, const Tensor& v, Index vocabulary);

}  // namespace dpml
