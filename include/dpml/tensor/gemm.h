#pragma once

#include <string>

#include "dpml/tensor/shape.h"

namespace dpml {

enum class Transpose : bool { no, yes };

/// What becomes of the numbers that C holds.
enum class GemmResult {
  replaces,  ///< C = op(A) op(B), whatever C held, NaN included
  goes_on,   ///< C = C + op(A) op(B), where the sum over k starts from C: the bits of one longer sum
  is_added   ///< C = C + factor * (op(A) op(B)), where the sum over k starts from 0
};

/// A row-major float32 matrix as it is stored: rows lie row_distance numbers apart. Its transpose is meant when
/// `transpose` says so.
struct MatrixOperand {
  const float* numbers = nullptr;
  Index row_distance = 0;
  Transpose transpose = Transpose::no;
};

/// A product of matrices: op(A) is [m, k], op(B) is [k, n], C is [m, n] in rows ldc apart. m, n and k may be zero. C
/// overlaps neither A nor B.
struct MatrixProduct {
  Index m = 0;
  Index n = 0;
  Index k = 0;
  MatrixOperand a = {};
  MatrixOperand b = {};
  float* c = nullptr;
  Index ldc = 0;
  GemmResult result = GemmResult::replaces;
  float factor = 1;  ///< for is_added
};

/// Who multiplies.
enum class Products : bool {
  own,     ///< dpml's kernels: the rule of bits below holds
  library  ///< the library of the CMake option DPML_KERNELS, for what no privacy hangs on; own when that is "own"
};

/// Runs in the calling thread alone.
///
/// The rule of bits, for Products::own: number (i, j) of C is one chain of fused multiply-adds over q = 0, ..., k - 1,
/// in this order, so that its bits are a function of row i of op(A), column j of op(B) and what C held there. They
/// depend neither on m and n nor on the place of the row, nor on AVX2 or AVX-512. Where there is no FMA instruction
/// (InstructionSet::plain), product and sum are rounded one after the other: other bits, the same rule.
/// For Products::library row i of C depends on no other row, but its last bits do depend on m, n and k.
void gemm(const MatrixProduct& product, Products by = Products::own);

/// What multiplies, for logs: "dpml's own (AVX-512)", "oneDNN 2.6.3 (AVX-512)".
std::string gemm_description(Products by);

}  // namespace dpml
