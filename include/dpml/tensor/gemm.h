#pragma once

#include <string>

#include "dpml/tensor/shape.h"

namespace dpml {

enum class Transpose : bool { no, yes };

/// C = alpha * op(A) * op(B) + beta * C for row-major float32 matrices; op(A) is [m, k], op(B) is [k, n], C is [m, n].
/// lda, ldb, ldc: distance between rows as stored. Any of m, n, k may be zero (k = 0 leaves beta * C). beta = 0
/// overwrites C whatever it held, NaN included; alpha = 0 leaves A and B unread. C overlaps neither A nor B.
///
/// Runs in the calling thread alone, so that the bits of C do not depend on the number of threads: callers are parallel
/// over samples. Row i of C depends on no other row of op(A), though its last bits may depend on m, n and k.
/// The library behind it is chosen when dpml is built (DPML_KERNELS).
void gemm(Transpose transpose_a, Transpose transpose_b, Index m, Index n, Index k, float alpha, const float* a,
          Index lda, const float* b, Index ldb, float beta, float* c, Index ldc);

/// The library that gemm calls and the kernels it chose, for logs: "oneDNN 2.6.3", "OpenBLAS 0.3.21 (SkylakeX)".
std::string gemm_description();

}  // namespace dpml
