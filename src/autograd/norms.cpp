#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "dpml/base/vectorised.h"
#include "dpml/tensor/reductions.h"
#include "forms.h"

namespace dpml {

double rounded_up(double sum, Index terms) {
  // n additions and products of non-negative doubles lose less than (n + 1) u of their sum (Higham 2002, section 4.2).
  return sum * (1 + static_cast<double>(terms + 2) * std::numeric_limits<double>::epsilon());
}

namespace {

void to_double(const float* values, Index rows, Index columns, Index stride, std::vector<double>& into) {
  into.resize(static_cast<std::size_t>(rows * columns));
  vectorised([=, to = into.data()] {
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) to[r * columns + c] = values[r * stride + c];
    }
  });
}

constexpr Index kParts = 16;

/// into[r] = sum_i a[i] b[r][i] for kRows rows of b, each in 16 partial sums. Products of numbers that were floats are
/// exact.
template <Index kRows>
inline void dot_rows(const double* a, const double* b, Index count, double* into) {
  double parts[kRows][kParts] = {};
  Index first = 0;
  for (; first + kParts <= count; first += kParts) {
#pragma GCC unroll 4
    for (Index r = 0; r < kRows; ++r) {
#pragma omp simd
      for (Index l = 0; l < kParts; ++l) parts[r][l] += a[first + l] * b[r * count + first + l];
    }
  }
  for (Index r = 0; r < kRows; ++r) {
    for (Index l = 0; first + l < count; ++l) parts[r][l] += a[first + l] * b[r * count + first + l];
    for (Index width = kParts / 2; width > 0; width /= 2) {
      for (Index l = 0; l < width; ++l) parts[r][l] += parts[r][l + width];
    }
    into[r] = parts[r][0];
  }
}

/// Of rows u_t and v_t: the Gram sum over t and s of (u_t.u_s)(v_t.v_s), and the sum over t of |u_t||v_t|.
struct GramSums {
  double all = 0;
  double lengths = 0;
};

GramSums gram_sums(Index positions, const double* u, Index m, const double* v, Index n) {
  constexpr Index kRows = 4;  // so many sums at once hide the latency of an addition
  GramSums sums;
  vectorised([&] {
    double du[kRows];
    double dv[kRows];
    for (Index t = 0; t < positions; ++t) {
      const double* ut = u + t * m;
      const double* vt = v + t * n;
      double row = 0;
      Index s = 0;
      for (; s + kRows <= t; s += kRows) {
        dot_rows<kRows>(ut, u + s * m, m, du);
        dot_rows<kRows>(vt, v + s * n, n, dv);
        for (Index r = 0; r < kRows; ++r) row += du[r] * dv[r];
      }
      for (; s < t; ++s) {
        dot_rows<1>(ut, u + s * m, m, du);
        dot_rows<1>(vt, v + s * n, n, dv);
        row += du[0] * dv[0];
      }
      dot_rows<1>(ut, ut, m, du);
      dot_rows<1>(vt, vt, n, dv);
      const double diagonal = du[0] * dv[0];
      sums.lengths += std::sqrt(diagonal);
      sums.all += diagonal + 2 * row;
    }
  });
  return sums;
}

}  // namespace

double chain_squared_norm(Index positions, const float* u, Index m, Index ldu, const float* v, Index n, Index ldv) {
  if (positions >= Index{1} << 23) return std::numeric_limits<double>::infinity();
  thread_local std::vector<double> wide_u;
  thread_local std::vector<double> wide_v;
  to_double(u, positions, m, ldu, wide_u);
  to_double(v, positions, n, ldv, wide_v);
  const GramSums sums = gram_sums(positions, wide_u.data(), m, wide_v.data(), n);
  if (!(sums.lengths <= 0x1p127))
    return std::numeric_limits<double>::infinity();  // a float chain might overflow on its way
  const double of_double =
      static_cast<double>(m + n + positions * positions + 4) * std::numeric_limits<double>::epsilon();
  const double of_float = static_cast<double>(positions) * 0x1p-24;
  const double length = std::sqrt(std::max(sums.all, 0.0) + of_double * sums.lengths * sums.lengths);
  const double with_rounding = length + of_float / (1 - of_float) * sums.lengths;
  return rounded_up(with_rounding * with_rounding, positions + 8);
}

}  // namespace dpml
