#include "dpml/accounting/curves.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "dpml/base/text.h"
#include "numerics/normal.h"
#include "numerics/rounding.h"

namespace dpml {

namespace {

using numerics::kInfinity;
using numerics::ulps;

void check_rate(double rate) {
  if (!(rate >= 0 && rate <= 1)) {
    throw ConfigError("trade-off curve: false positive rate is " + to_text(rate) + ", expected a number in [0, 1]");
  }
}

// Steps of a search for a minimum, where the value is flat: it is known to about the square of the step.
constexpr double kStep = 0x1p-5;
constexpr double kQuickStep = 0x1p-16;
constexpr double kFirst = -20;
constexpr double kLast = 300;

/// Logarithmic below epsilon = 1, so that a step matters equally everywhere.
double epsilon_at(double t) {
  return t < 0 ? std::exp(t) : 1 + t;
}

/// The accountant's deltas, remembered: searches at all rates ask on one grid, and mostly the same.
class Deltas {
 public:
  Deltas(const Accountant& accountant, const Ledger& ledger) : accountant_(accountant), ledger_(ledger) {}

  double operator()(double epsilon) {
    const auto [found, is_new] = known_.try_emplace(epsilon, 0);
    if (is_new) found->second = accountant_.delta(ledger_, epsilon);
    return found->second;
  }

  /// The least bound(epsilon, delta) of all epsilon >= 0, where that first falls, then rises; no smaller for a larger
  /// delta. Steps are doubled until it rises, and halved from there.
  template <class Bound>
  double least(const Bound& bound) {
    double place = 0;
    double value = kInfinity;
    const auto go_to = [&](double t) {
      const double epsilon = epsilon_at(t);
      if (bound(epsilon, 0) > value) return false;  // far out, a delta takes long
      const double there = bound(epsilon, (*this)(epsilon));
      if (there > value) return false;
      place = t;
      value = there;
      return true;
    };
    go_to(0);
    const double side = go_to(1) ? 2 : -1;
    double step = 1;
    while (place > kFirst && place < kLast && go_to(place + side * step)) step *= 2;
    const double finest = accountant_.is_quick() ? kQuickStep : kStep;
    for (; step >= finest; step /= 2) {
      if (!go_to(place + step)) go_to(place - step);
    }
    return std::min(value, bound(0, (*this)(0)));
  }

 private:
  const Accountant& accountant_;
  const Ledger& ledger_;
  std::map<double, double> known_;
};

double most_true_positives(Deltas& deltas, double rate) {
  if (rate == 0) return deltas(kInfinity);
  return deltas.least([&](double epsilon, double delta) { return (delta + std::exp(epsilon) * rate) * (1 + ulps(8)); });
}

double least_false_negatives(Deltas& deltas, double rate) {
  if (rate == 1) return 0;
  return -deltas.least(
      [&](double epsilon, double delta) { return std::exp(-epsilon) * (delta + ulps(8) - (1 - rate)); });
}

TradeOffPoint trade_off(Deltas& deltas, double rate) {
  check_rate(rate);
  // The curve is its own mirror image in false positives = false negatives. Where it has more false negatives than
  // false positives, lines steeper than -1 bound it, elsewhere flatter ones.
  if (rate <= 0.5) {
    const double true_positives = most_true_positives(deltas, rate);
    if (1 - true_positives >= rate) return {rate, true_positives, (1 - true_positives) * (1 - ulps(8))};
  }
  const double false_negatives = std::max(0.0, least_false_negatives(deltas, rate));
  return {rate, std::min(1.0, (1 - false_negatives) * (1 + ulps(8))), false_negatives};
}

Ledger first_releases(const Ledger& ledger, std::uint64_t count) {
  Ledger first(ledger.neighbours());
  for (const LedgerEntry& entry : ledger.entries()) {
    first.append(entry.event, std::min(entry.count, count - first.releases()));
  }
  return first;
}

}  // namespace

std::vector<Bound> delta_curve(const Accountant& accountant, const Ledger& ledger, std::span<const double> epsilons) {
  std::vector<Bound> curve;
  for (double epsilon : epsilons) curve.push_back(accountant.delta_bound(ledger, epsilon));
  return curve;
}

std::vector<Bound> epsilon_curve(const Accountant& accountant, const Ledger& ledger, std::span<const double> deltas) {
  std::vector<Bound> curve;
  for (double delta : deltas) curve.push_back(accountant.epsilon_bound(ledger, delta));
  return curve;
}

std::vector<Bound> steps_curve(const Accountant& accountant, const Ledger& ledger, double delta,
                               std::span<const std::uint64_t> releases) {
  std::vector<Bound> curve;
  for (std::uint64_t count : releases) curve.push_back(accountant.epsilon_bound(first_releases(ledger, count), delta));
  return curve;
}

std::vector<TradeOffPoint> trade_off_curve(const Accountant& accountant, const Ledger& ledger,
                                           std::span<const double> false_positive_rates) {
  std::vector<TradeOffPoint> curve;
  Deltas deltas(accountant, ledger);
  for (double rate : false_positive_rates) curve.push_back(trade_off(deltas, rate));
  return curve;
}

TradeOffPoint gaussian_trade_off(double mu, double false_positive_rate) {
  check_rate(false_positive_rate);
  if (!(mu >= 0)) throw ConfigError("trade-off curve: mu is " + to_text(mu) + ", expected a number, at least 0");
  const double threshold = numerics::normal_tail_quantile(false_positive_rate);
  if (std::isinf(threshold)) return {false_positive_rate, false_positive_rate, 1 - false_positive_rate};
  return {false_positive_rate, numerics::normal_tail(threshold - mu), numerics::normal_tail(mu - threshold)};
}

double gaussian_fit(const Accountant& accountant, const Ledger& ledger, double least_rate, int points) {
  if (!(least_rate > 0 && least_rate < 0.5) || points < 2) {
    throw ConfigError("gaussian fit: least rate is " + to_text(least_rate) +
                      ", expected a number in (0, 1/2); points " + std::to_string(points) + ", expected 2 or more");
  }
  Deltas deltas(accountant, ledger);
  double mu = 0;
  for (int i = 0; i < points; ++i) {
    const double rate = 0.5 * std::pow(2 * least_rate, static_cast<double>(i) / (points - 1));
    const TradeOffPoint point = trade_off(deltas, rate);
    // From whichever rate is the small one, so that neither loses its digits.
    const double threshold = point.true_positive_rate < 0.5
                                 ? numerics::normal_tail_quantile(point.true_positive_rate)
                                 : -numerics::normal_tail_quantile(point.false_negative_rate);
    mu = std::max(mu, numerics::normal_tail_quantile(rate) - threshold);
  }
  return mu;
}

}  // namespace dpml
