#pragma once

#include <string>

#include "dpml/tensor/gemm.h"

namespace dpml {

/// The arguments of gemm, under the same names.
struct MatrixProduct {
  Transpose transpose_a;
  Transpose transpose_b;
  Index m, n, k;
  float alpha;
  const float* a;
  Index lda;
  const float* b;
  Index ldb;
  float beta;
  float* c;
  Index ldc;
};

// One namespace per library, each in a source file of its own. `multiply` is gemm for m, n, k > 0 and alpha != 0.
// dpml links the one that DPML_KERNELS names; the tests compile all whose library is there.
namespace onednn {
void multiply(const MatrixProduct& product);
std::string description();
}  // namespace onednn

namespace openblas {
void multiply(const MatrixProduct& product);
std::string description();
/// Debian's OpenBLAS does not know processors younger than itself and gives them kernels of 2004, five times slower.
/// Switches to the kernels for the vectors this processor has, unless OPENBLAS_CORETYPE states a wish. Returns what is
/// now in use, in words. Not to be called while another thread multiplies; multiply calls it once, before its first
/// product.
std::string use_fitting_kernels();
}  // namespace openblas

namespace eigen {
void multiply(const MatrixProduct& product);
std::string description();
}  // namespace eigen

}  // namespace dpml
