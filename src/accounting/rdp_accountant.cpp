#include "rdp_accountant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/base/text.h"
#include "minimise.h"
#include "renyi_curve.h"

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();  // of each term in a sum of a few

/// Stands for order 1 itself: D grows with the order, so D(1 + kNearOne) is never below D(1), and hardly above it.
constexpr double kNearOne = 1e-12;

/// A sum rounded up: by kRounding of every term.
template <class... Terms>
double sum_rounded_up(Terms... terms) {
  return (terms + ...) + kRounding * (std::fabs(terms) + ...);
}

/// log of a delta that holds for every epsilon >= 0.
double log_total_variation(ComposedCurve& curve) {
  const double divergence = curve.cumulant(kNearOne) / kNearOne;
  return 0.5 * std::log(-std::expm1(-divergence));
}

Minimum best_epsilon(ComposedCurve& curve, double log_delta) {
  return minimise_positive([&](double b) {
    return sum_rounded_up(sum_rounded_up(curve.cumulant(b), -log_delta, -std::log1p(b)) / b, -std::log1p(1 / b));
  });
}

Minimum best_log_delta(ComposedCurve& curve, double epsilon) {
  return minimise_positive([&](double b) {
    return sum_rounded_up(curve.cumulant(b), -b * epsilon, -b * std::log1p(1 / b), -std::log1p(b));
  });
}

}  // namespace

Bound RdpAccountant::find_epsilon(const Ledger& ledger, double delta) const {
  ComposedCurve curve(ledger);
  Bound bound{.upper = kInfinity, .method = "rdp"};
  if (std::log(delta) > log_total_variation(curve)) {
    bound.upper = 0;
    return bound;
  }
  const Minimum best = best_epsilon(curve, std::log(delta));
  if (best.value < kInfinity) {
    bound.upper = std::max(0.0, best.value);
    bound.order = 1 + best.place;
  }
  return bound;
}

Bound RdpAccountant::find_delta(const Ledger& ledger, double epsilon) const {
  ComposedCurve curve(ledger);
  Bound bound{.upper = 1, .method = "rdp"};
  if (!(curve.cumulant(1) < kInfinity)) return bound;
  if (epsilon == kInfinity) {
    bound.upper = 0;
    return bound;
  }
  const Minimum best = best_log_delta(curve, epsilon);
  const double log_delta = std::min(best.value, log_total_variation(curve));
  bound.upper = std::min(1.0, std::nextafter(std::exp(log_delta) * (1 + kRounding), 1.0));  // underflow must not read 0
  if (log_delta == best.value) bound.order = 1 + best.place;
  return bound;
}

}  // namespace dpml
