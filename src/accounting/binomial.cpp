#include "binomial.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNegligible = 1e-18;

/// log(n!) less Stirling's formula (n + 1/2) log(n) - n + log(2 pi) / 2.
double stirling_error(double n) {
  if (n < 16) return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - 0.5 * std::log(2 * std::numbers::pi);
  const double square = 1 / (n * n);
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - square / 1188) * square) * square) * square) / n;
}

/// count log(count / mean) + mean - count.
double deviance(double count, double mean) {
  const double excess = (count - mean) / mean;
  if (std::fabs(excess) > 0.1) return count * std::log(count / mean) + mean - count;
  // (1 + x) log(1 + x) - x = sum_k (-1)^k x^k / (k (k - 1)), k >= 2.
  double sum = 0;
  for (int k = 18; k >= 2; --k) sum = 1.0 / (k * (k - 1)) - excess * sum;
  return mean * excess * excess * sum;
}

/// P(X >= k) for k above the mean, so that the terms fall.
double upper_tail(double n, double k, double p, double q) {
  double sum = 1;
  double term = 1;
  for (double at = k; at < n && term > kNegligible * sum; ++at) sum += term *= (n - at) / (at + 1) * (p / q);
  return std::exp(log_binomial_probability(n, k, p, q)) * sum;
}

}  // namespace

double log_binomial_probability(double n, double k, double p, double q) {
  const auto log_power = [](double probability, double other, double power) {
    return power * (other < 0.5 ? std::log1p(-other) : std::log(probability));
  };
  if (p == 0 || q == 0) return (p == 0 ? k == 0 : k == n) ? 0 : -kInfinity;
  if (k == 0) return log_power(q, p, n);
  if (k == n) return log_power(p, q, n);
  return 0.5 * std::log(n / (2 * std::numbers::pi * k * (n - k))) + stirling_error(n) - stirling_error(k) -
         stirling_error(n - k) - deviance(k, n * p) - deviance(n - k, n * q);
}

double binomial_tail(double n, double k, double p, double q) {
  if (k <= 0) return 1;
  if (k > n) return 0;
  if (p == 0 || q == 0) return p == 0 ? 0 : 1;
  return k > n * p ? upper_tail(n, k, p, q) : 1 - upper_tail(n, n - k + 1, q, p);
}

}  // namespace dpml
