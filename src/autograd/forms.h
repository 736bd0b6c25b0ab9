#pragma once

// The arithmetic of PerSampleGrad's forms, one source file per form. What sample b contributes to a weighted sum is a
// function of sample b alone, bit for bit: weight times a gradient that was rounded on its own, added as one number to
// each number of the sum. docs/rounding.md has the bounds.
// Letters: B samples, T positions, m x n the parameter. Norms are squared, in double and rounded up.

#include <span>

#include "dpml/autograd/patches.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Factor that lifts a double sum of `terms` rounded non-negative products above its true value.
double rounded_up(double sum, Index terms);

/// Of the sum over t of u_t^T v_t as a chain of T float additions: the squared length of the true sum, by the Gram
/// identity and rounded up, and of what rounding can make of it: (|sum| + gamma_T sum_t |u_t||v_t|)^2 with
/// gamma_T = T 2^-24 / (1 - T 2^-24) (Higham 2002, section 3.1). Infinite from T = 2^23 on and where
/// the chain might leave the range of float. Rows are ldu and ldv numbers
/// apart.
double chain_squared_norm(Index positions, const float* u, Index m, Index ldu, const float* v, Index n, Index ldv);

/// into += weight * from, product and sum rounded one after the other.
void add_scaled(float weight, const float* from, Index count, float* into);

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
