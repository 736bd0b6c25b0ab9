#pragma once

#include "dpml/tensor/gemm.h"

namespace dpml {

// The kernels of Products::own, one namespace for each instruction set, in a source file of its own that is compiled
// for it. m, n, k > 0; `panel` has room for panel_size(k) numbers.
#if defined(__x86_64__)
namespace avx512 {
void multiply(const MatrixProduct& product, float* panel);
Index panel_size(const MatrixProduct& product);
}  // namespace avx512

namespace avx2 {
void multiply(const MatrixProduct& product, float* panel);
Index panel_size(const MatrixProduct& product);
}  // namespace avx2
#endif

namespace plain {
void multiply(const MatrixProduct& product, float* panel);
Index panel_size(const MatrixProduct& product);
}  // namespace plain

}  // namespace dpml
