#pragma once

#include "dpml/tensor/gemm.h"

namespace dpml {

// The kernels of Products::own, one namespace for each instruction set, in a source file of its own that is compiled
// for it. m, n, k > 0; `room` has space for room_for(product) numbers.
#if defined(__x86_64__)
namespace avx512 {
void multiply(const MatrixProduct& product, float* room);
Index room_for(const MatrixProduct& product);
}  // namespace avx512

namespace avx2 {
void multiply(const MatrixProduct& product, float* room);
Index room_for(const MatrixProduct& product);
}  // namespace avx2
#endif

namespace plain {
void multiply(const MatrixProduct& product, float* room);
Index room_for(const MatrixProduct& product);
}  // namespace plain

}  // namespace dpml
