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

double dot_of(const double* a, const double* b, Index count) {
  return sum_of_terms(static_cast<std::size_t>(count), [=](std::size_t i) { return a[i] * b[i]; });
}

void to_double(const float* values, Index rows, Index columns, Index stride, std::vector<double>& into) {
  into.resize(static_cast<std::size_t>(rows * columns));
  vectorised([=, to = into.data()] {
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) to[r * columns + c] = values[r * stride + c];
    }
  });
}

}  // namespace

double chain_squared_norm(Index positions, const float* u, Index m, Index ldu, const float* v, Index n, Index ldv) {
  if (positions >= Index{1} << 23) return std::numeric_limits<double>::infinity();
  thread_local std::vector<double> wide_u;
  thread_local std::vector<double> wide_v;
  to_double(u, positions, m, ldu, wide_u);
  to_double(v, positions, n, ldv, wide_v);
  double sum = 0;
  double lengths = 0;
  for (Index t = 0; t < positions; ++t) {
    const double* ut = wide_u.data() + t * m;
    const double* vt = wide_v.data() + t * n;
    const double diagonal = dot_of(ut, ut, m) * dot_of(vt, vt, n);
    lengths += std::sqrt(diagonal);
    double row = 0;
    for (Index s = 0; s < t; ++s) row += dot_of(ut, wide_u.data() + s * m, m) * dot_of(vt, wide_v.data() + s * n, n);
    sum += diagonal + 2 * row;
  }
  // In double, every term is off by less than (m + n + 2) u |u_t||u_s||v_t||v_s|, their sum by T^2 u more of the same
  // total.
  if (lengths > 0x1p127) return std::numeric_limits<double>::infinity();  // a float chain might overflow on its way
  const double of_double =
      static_cast<double>(m + n + positions * positions + 4) * std::numeric_limits<double>::epsilon();
  const double of_float = static_cast<double>(positions) * 0x1p-24;
  const double length = std::sqrt(std::max(sum, 0.0) + of_double * lengths * lengths);
  const double with_rounding = length + of_float / (1 - of_float) * lengths;
  return rounded_up(with_rounding * with_rounding, positions + 8);
}

}  // namespace dpml
