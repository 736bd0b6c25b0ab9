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

struct Answer {
  double epsilon;
  std::optional<double> order;
};

Answer answer(const Ledger& ledger, double delta) {
  if (!(delta >= 0 && delta < 1)) {
    throw ConfigError("accountant rdp: delta is " + to_text(delta) + ", expected a number in [0, 1)");
  }
  ComposedCurve curve(ledger);
  if (ledger.entries().empty()) return {0, std::nullopt};
  if (std::log(delta) > log_total_variation(curve)) return {0, std::nullopt};
  const Minimum best = best_epsilon(curve, std::log(delta));
  if (!(best.value < kInfinity)) return {kInfinity, std::nullopt};
  return {std::max(0.0, best.value), 1 + best.place};
}

}  // namespace

double RdpAccountant::epsilon(const Ledger& ledger, double delta) const {
  return answer(ledger, delta).epsilon;
}

Guarantee RdpAccountant::guarantee(const Ledger& ledger, double delta) const {
  const Answer found = answer(ledger, delta);
  return {found.epsilon, delta, ledger.neighbours(), std::string(name()), found.order};
}

double RdpAccountant::delta(const Ledger& ledger, double epsilon) const {
  if (!(epsilon >= 0)) {
    throw ConfigError("accountant rdp: epsilon is " + to_text(epsilon) + ", expected a number, at least 0");
  }
  ComposedCurve curve(ledger);
  if (ledger.entries().empty()) return 0;
  if (!(curve.cumulant(1) < kInfinity)) return 1;
  if (epsilon == kInfinity) return 0;
  const double log_delta = std::min(best_log_delta(curve, epsilon).value, log_total_variation(curve));
  return std::min(1.0, std::nextafter(std::exp(log_delta) * (1 + kRounding), 1.0));  // an underflow must not read 0
}

}  // namespace dpml
