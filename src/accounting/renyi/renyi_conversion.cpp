#include "renyi_conversion.h"

#include <cmath>

#include "numerics/rounding.h"

namespace dpml::renyi {

namespace {

using numerics::ulps;

/// Stands for order 1 itself: D grows with the order, so D(1 + kNearOne) is never below D(1), and hardly above it.
constexpr double kNearOne = 1e-12;

/// A sum rounded up: by ulps(4) of every term.
template <class... Terms>
double sum_rounded_up(Terms... terms) {
  return (terms + ...) + ulps(4) * (std::fabs(terms) + ...);
}

}  // namespace

numerics::Minimum best_epsilon(RenyiCurve& curve, double log_delta) {
  return numerics::minimise_positive([&](double b) {
    return sum_rounded_up(sum_rounded_up(curve.cumulant(b), -log_delta, -std::log1p(b)) / b, -std::log1p(1 / b));
  });
}

double log_delta_at(double order_minus_one, double cumulant, double epsilon) {
  const double b = order_minus_one;
  return sum_rounded_up(cumulant, -b * epsilon, -b * std::log1p(1 / b), -std::log1p(b));
}

numerics::Minimum best_log_delta(RenyiCurve& curve, double epsilon) {
  return numerics::minimise_positive([&](double b) { return log_delta_at(b, curve.cumulant(b), epsilon); });
}

double log_total_variation(RenyiCurve& curve) {
  const double divergence = curve.cumulant(kNearOne) / kNearOne;
  return 0.5 * std::log(-std::expm1(-divergence));
}

}  // namespace dpml::renyi
