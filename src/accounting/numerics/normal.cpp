#include "normal.h"

#include <cmath>

#include "rounding.h"

namespace dpml::numerics {

namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274178;
constexpr double kRootTwoPi = 2.50662827463100050242;
constexpr double kRootHalf = 0.70710678118654752440;
constexpr double kFractionFrom = 2;  // the continued fraction needs few terms from here on, erfc is exact before

/// T in R(x) = 1 / (x + T): Laplace's continued fraction 1 / (x + 2 / (x + 3 / (x + ...))), from its far end.
double mills_fraction(double x) {
  double tail = 0;
  for (int k = 30 + static_cast<int>(300 / (x * x)); k >= 1; --k) tail = k / (x + tail);
  return tail;
}

}  // namespace

double mills_ratio(double x) {
  if (x >= kFractionFrom) return 1 / (x + mills_fraction(x));
  return 0.5 * std::erfc(x * kRootHalf) * kRootTwoPi * std::exp(0.5 * x * x);
}

double mills_slope(double x) {
  if (x < kFractionFrom) return 1 - x * mills_ratio(x);
  const double tail = mills_fraction(x);
  return tail / (x + tail);
}

double log_normal_density(double x) {
  return -0.5 * x * x - kHalfLogTwoPi;
}

double normal_tail(double x) {
  return 0.5 * std::erfc(x * kRootHalf);
}

double log_normal_tail(double x) {
  if (x < -1) return std::log1p(-normal_tail(-x));
  if (x < kFractionFrom) return std::log(normal_tail(x));
  return log_normal_density(x) + std::log(mills_ratio(x));
}

double normal_tail_quantile(double probability) {
  if (probability <= 0) return kInfinity;
  if (probability >= 1) return -kInfinity;
  if (probability > 0.5) return -normal_tail_quantile(1 - probability);  // exact in this range
  // log Q is concave, so Newton's steps from the Chernoff bound, which is above the answer, never pass it.
  const double target = std::log(probability);
  double x = std::sqrt(-2 * (target + std::log(2.0)));
  for (int i = 0; i < 50; ++i) {
    const double step = (target - log_normal_tail(x)) * mills_ratio(x);
    x -= step;
    if (std::fabs(step) <= 1e-15 * std::fabs(x) || std::fabs(step) < 1e-300) break;
  }
  return x;
}

}  // namespace dpml::numerics
