#include "binomial.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "rounding.h"

namespace dpml::numerics {

namespace {

constexpr double kNegligible = 1e-18;
constexpr int kMostRatios = 1'000'000;
constexpr double kErrorOfLogarithm = 1e-12;  // of a logarithm of one probability, by its size
constexpr double kErrorOfRatio = 5e-16;      // each is the product of all before it

/// log(n!) less Stirling's formula (n + 1/2) log(n) - n + log(2 pi) / 2.
double stirling_error(double n) {
  if (n < 16) return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - 0.5 * std::log(2 * std::numbers::pi);
  const double square = 1 / (n * n);
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - square / 1188) * square) * square) * square) / n;
}

/// k - n p with one rounding; from the smaller of p and q, which has the digits.
double excess_over_mean(double n, double k, double p, double q) {
  return p <= q ? std::fma(-n, p, k) : std::fma(n, q, k - n);
}

/// count log(count / mean) - excess, where excess is count - mean.
double deviance(double count, double mean, double excess) {
  const double relative = excess / mean;
  if (relative > 10) return count * (std::log(count) - std::log(mean)) - excess;
  if (std::fabs(relative) > 0.1) return count * std::log(count / mean) - excess;
  // (1 + x) log(1 + x) - x = sum_k (-1)^k x^k / (k (k - 1)), k >= 2.
  double sum = 0;
  for (int k = 18; k >= 2; --k) sum = 1.0 / (k * (k - 1)) - relative * sum;
  return mean * relative * relative * sum;
}

/// log P(X >= k) for k above the mean, so that the probabilities fall.
Interval log_upper_tail(double n, double k, double p, double q) {
  const double odds = p / q;
  double sum = 1;
  double term = 1;
  double at = k;
  int ratios = 0;
  for (; at < n && ratios < kMostRatios && term > kNegligible * sum; ++ratios, ++at) {
    sum += term *= (n - at) / (at + 1) * odds;
  }
  // What follows falls at least as fast as by the next ratio, (n - at) p / ((at + 1) q).
  const double rest = at < n ? term * (n - at) * p / (excess_over_mean(n, at, p, q) + q) : 0;
  const double log_first = log_binomial_probability(n, k, p, q);
  const double rounding = kErrorOfLogarithm * (1 + std::fabs(log_first)) + kErrorOfRatio * ratios;
  return {log_first + std::log(sum) - rounding, std::min(0.0, log_first + std::log(sum + rest) + rounding)};
}

}  // namespace

double log_binomial_probability(double n, double k, double p, double q) {
  const auto log_power = [](double probability, double other, double power) {
    return power * (other < 0.5 ? std::log1p(-other) : std::log(probability));
  };
  if (p == 0 || q == 0) return (p == 0 ? k == 0 : k == n) ? 0 : -kInfinity;
  if (k == 0) return log_power(q, p, n);
  if (k == n) return log_power(p, q, n);
  const double excess = excess_over_mean(n, k, p, q);
  return 0.5 * std::log(n / (2 * std::numbers::pi * k * (n - k))) + stirling_error(n) - stirling_error(k) -
         stirling_error(n - k) - deviance(k, n * p, excess) - deviance(n - k, n * q, -excess);
}

Interval log_binomial_tail(double n, double k, double p, double q) {
  if (k <= 0 || (q == 0 && k <= n)) return {0, 0};
  if (k > n || p == 0) return {-kInfinity, -kInfinity};
  if (excess_over_mean(n, k, p, q) > 0) return log_upper_tail(n, k, p, q);
  const Interval others = log_upper_tail(n, n - k + 1, q, p);
  return {std::log1p(-std::exp(others.upper)), std::log1p(-std::exp(others.lower))};
}

}  // namespace dpml::numerics
