#include <Eigen/Core>
#include <utility>

#include "gemm_library.h"

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
  const auto a = stored(p.a.numbers, p.a.transpose, p.m, p.k, p.a.row_distance);
  const auto b = stored(p.b.numbers, p.b.transpose, p.k, p.n, p.b.row_distance);
  Eigen::Map<Matrix, 0, Stride> c(p.c, p.m, p.n, Stride(p.ldc));
  if (p.result == GemmResult::replaces) c.setZero();
  const float alpha = alpha_of(p);
  const bool transpose_a = p.a.transpose == Transpose::yes;
  const bool transpose_b = p.b.transpose == Transpose::yes;
  if (transpose_a && transpose_b) {
    c.noalias() += alpha * (a.transpose() * b.transpose());
  } else if (transpose_a) {
    c.noalias() += alpha * (a.transpose() * b);
  } else if (transpose_b) {
    c.noalias() += alpha * (a * b.transpose());
  } else {
    c.noalias() += alpha * (a * b);
  }
}

std::string description() {
  return "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION) + " (" + Eigen::SimdInstructionSetsInUse() + ")";
}

}  // namespace dpml::eigen
