#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "forms.h"

namespace dpml {

double sum_of_squares(const float* values, Index count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

double rounded_up(double sum, Index terms) {
  // n additions and products of non-negative doubles lose less than (n + 1) u of their sum (Higham 2002, section 4.2).
  return sum * (1 + static_cast<double>(terms + 2) * std::numeric_limits<double>::epsilon());
}

double rounding_of_sum(Index terms, double lengths) {
  return terms > 1 ? static_cast<double>(terms) * 0x1p-36 * lengths * lengths : 0;
}

namespace {

double dot(const double* a, const double* b, Index count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void to_double(const float* values, Index rows, Index columns, Index stride, std::vector<double>& into) {
  into.resize(static_cast<std::size_t>(rows * columns));
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) into[static_cast<std::size_t>(r * columns + c)] = values[r * stride + c];
  }
}

}  // namespace

double gram_squared_norm(Index positions, const float* u, Index m, Index ldu, const float* v, Index n, Index ldv) {
  thread_local std::vector<double> wide_u;
  thread_local std::vector<double> wide_v;
  to_double(u, positions, m, ldu, wide_u);
  to_double(v, positions, n, ldv, wide_v);
  double sum = 0;
  double lengths = 0;
  for (Index t = 0; t < positions; ++t) {
    const double* ut = wide_u.data() + t * m;
    const double* vt = wide_v.data() + t * n;
    const double diagonal = dot(ut, ut, m) * dot(vt, vt, n);
    lengths += std::sqrt(diagonal);
    double row = 0;
    for (Index s = 0; s < t; ++s) row += dot(ut, wide_u.data() + s * m, m) * dot(vt, wide_v.data() + s * n, n);
    sum += diagonal + 2 * row;
  }
  // Every term is off by less than (m + n + 2) u |u_t||u_s||v_t||v_s|, their sum by T^2 u more of the same total.
  const double gamma = static_cast<double>(m + n + positions * positions + 4) * std::numeric_limits<double>::epsilon();
  return std::max(sum, 0.0) + gamma * lengths * lengths + rounding_of_sum(positions, lengths);
}

}  // namespace dpml
