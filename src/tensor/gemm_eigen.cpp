#include <Eigen/Core>
#include <utility>

#include "gemm_backend.h"

namespace dpml::eigen {

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::OuterStride<>;

Eigen::Map<const Matrix, 0, Stride> stored(const float* numbers, Transpose transpose, Index rows, Index columns,
                                           Index row_distance) {
  if (transpose == Transpose::yes) std::swap(rows, columns);
  return {numbers, rows, columns, Stride(row_distance)};
}

}  // namespace

void multiply(const MatrixProduct& p) {
  const auto a = stored(p.a, p.transpose_a, p.m, p.k, p.lda);
  const auto b = stored(p.b, p.transpose_b, p.k, p.n, p.ldb);
  Eigen::Map<Matrix, 0, Stride> c(p.c, p.m, p.n, Stride(p.ldc));
  if (p.beta == 0.0F) {
    c.setZero();
  } else if (p.beta != 1.0F) {
    c *= p.beta;
  }
  const bool transpose_a = p.transpose_a == Transpose::yes;
  const bool transpose_b = p.transpose_b == Transpose::yes;
  if (transpose_a && transpose_b) {
    c.noalias() += p.alpha * (a.transpose() * b.transpose());
  } else if (transpose_a) {
    c.noalias() += p.alpha * (a.transpose() * b);
  } else if (transpose_b) {
    c.noalias() += p.alpha * (a * b.transpose());
  } else {
    c.noalias() += p.alpha * (a * b);
  }
}

std::string description() {
  return "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION) + " (" + Eigen::SimdInstructionSetsInUse() + ")";
}

}  // namespace dpml::eigen
