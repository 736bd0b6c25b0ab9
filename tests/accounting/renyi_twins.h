#pragma once

// Two slow twins of the sampled Gaussian's Renyi divergence, written from the definition and not from the code: a sum
// at integer orders, a trapezoid sum at real ones, both in long double.

#include <cmath>

namespace dpml {

/// log(1 + sum_k>=2 C(a, k) q^k (1-q)^(a-k) expm1(k (k-1) / (2 s^2))) / (a - 1).
inline double divergence_at_integer_order(long double q, long double s, int a) {
  long double log_sum = -INFINITY;
  for (int k = 2; k <= a; ++k) {
    const long double exponent = k * (k - 1.0L) / (2 * s * s);
    long double term = std::lgamma(a + 1.0L) - std::lgamma(k + 1.0L) - std::lgamma(a - k + 1.0L) + k * std::log(q) +
                       exponent + std::log(-std::expm1(-exponent));
    if (k < a) term += (a - k) * std::log1p(-q);
    const long double larger = std::fmax(log_sum, term);
    log_sum = larger + std::log1p(std::exp(std::fmin(log_sum, term) - larger));
  }
  const long double value = log_sum > 0 ? log_sum + std::log1p(std::exp(-log_sum)) : std::log1p(std::exp(log_sum));
  return static_cast<double>(value / (a - 1));
}

/// (1 + x)^a - 1 - a x, by the binomial series where the difference would cancel.
inline long double excess(long double x, long double a) {
  if (std::fabs(a * x) > 0.01L || std::fabs(x) > 0.01L) return std::expm1(a * std::log1p(x)) - a * x;
  long double sum = 0;
  long double term = a * x;
  for (int k = 2; k < 16; ++k) sum += term *= (a - k + 1) / k * x;
  return sum;
}

/// log(1 + E[(1 + x)^a - 1 - a x]) / (a - 1), x = q (exp((2z - 1) / (2 s^2)) - 1), z ~ N(0, s^2). The trapezoid rule on
/// a smooth function that vanishes at both ends converges exponentially: the step min(s, s^2) / 4 leaves 1e-20.
inline double divergence_by_trapezoids(long double q, long double s, long double a) {
  const long double step = std::fmin(s, s * s) / 4;
  const long double end = std::fmax(a, 2) + 12 * s;
  long double sum = 0;
  for (long double z = -12 * s; z < end; z += step) {
    sum += excess(q * std::expm1((2 * z - 1) / (2 * s * s)), a) * std::exp(-z * z / (2 * s * s));
  }
  const long double mean = sum * step / (s * std::sqrt(2 * std::acos(-1.0L)));
  return static_cast<double>(std::log1p(mean) / (a - 1));
}

}  // namespace dpml
