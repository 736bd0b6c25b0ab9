#include "dpml/tensor/gemm.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "gemm_backend.h"

namespace dpml {

namespace kernels = DPML_KERNELS;  // set by CMake: onednn, openblas or eigen

namespace {

/// C = beta * C.
void scale(const MatrixProduct& p) {
  for (Index i = 0; i < p.m; ++i) {
    float* row = p.c + i * p.ldc;
    if (p.beta == 0.0F) {
      std::fill_n(row, p.n, 0.0F);
    } else {
      for (Index j = 0; j < p.n; ++j) row[j] *= p.beta;
    }
  }
}

}  // namespace

void gemm(Transpose transpose_a, Transpose transpose_b, Index m, Index n, Index k, float alpha, const float* a,
          Index lda, const float* b, Index ldb, float beta, float* c, Index ldc) {
  DPML_ASSERT(m >= 0 && n >= 0 && k >= 0);
  DPML_ASSERT(lda >= (transpose_a == Transpose::no ? k : m));
  DPML_ASSERT(ldb >= (transpose_b == Transpose::no ? n : k));
  DPML_ASSERT(ldc >= n);
  if (m == 0 || n == 0) return;
  const MatrixProduct product{transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc};
  if (k == 0 || alpha == 0.0F) {
    scale(product);
  } else {
    kernels::multiply(product);
  }
}

std::string gemm_description() {
  return kernels::description();
}

}  // namespace dpml
