#pragma once

#include <string>

#include "dpml/tensor/gemm.h"

namespace dpml {

/// A product as libraries know it: C = alpha op(A) op(B) + beta C.
inline float alpha_of(const MatrixProduct& product) {
  return product.result == GemmResult::is_added ? product.factor : 1.0F;
}
inline float beta_of(const MatrixProduct& product) {
  return product.result == GemmResult::replaces ? 0.0F : 1.0F;
}

// The libraries of Products::library, one namespace each, in a source file of its own. `multiply` is gemm for
// m, n, k > 0. dpml links the one that DPML_KERNELS names, if any; the tests compile all that are there, as twins of
// dpml's own kernels.
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
