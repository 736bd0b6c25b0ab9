#include "binomial_tail.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace dpml {

namespace {

constexpr int kSummed = 1000;
constexpr double kRounding = 1e-10;

/// log(n!) less Stirling's formula (n + 1/2) log(n) - n + log(2 pi) / 2.
double stirling_error(double n) {
  if (n < 16) return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - 0.5 * std::log(2 * std::numbers::pi);
  const double square = 1 / (n * n);
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - square / 1680) * square) * square) / n;
}

/// count log(count / mean) + mean - count.
double deviance(double count, double mean) {
  const double excess = (count - mean) / mean;
  if (std::fabs(excess) > 0.05) return count * std::log(count / mean) + mean - count;
  double sum = 0;
  for (int k = 13; k >= 2; --k) sum = 1.0 / (k * (k - 1)) - excess * sum;
  return mean * excess * excess * sum;
}

double log_mass(double n, double q, double k) {
  if (k == n) return n * std::log(q);
  return 0.5 * std::log(n / (2 * std::numbers::pi * k * (n - k))) + stirling_error(n) - stirling_error(k) -
         stirling_error(n - k) - deviance(k, n * q) - deviance(n - k, n * (1 - q));
}

}  // namespace

double log_binomial_tail(double n, double q, double k) {
  if (k > n) return -std::numeric_limits<double>::infinity();
  if (k <= n * q || k == 0) return 0;
  const auto ratio = [&](double count) { return (n - count) / (count + 1) * q / (1 - q); };
  double sum = 1;
  double term = 1;
  double last = k;
  for (int i = 0; i < kSummed && last < n; ++i, ++last) sum += term *= ratio(last);
  if (last < n) sum += term * ratio(last) / (1 - ratio(last));
  const double log_tail = log_mass(n, q, k) + std::log(sum);
  return std::min(0.0, log_tail + kRounding * (1 + std::fabs(log_tail)));
}

}  // namespace dpml
