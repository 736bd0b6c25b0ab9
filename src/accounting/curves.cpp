#include "dpml/accounting/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "dpml/base/text.h"
#include "minimise.h"
#include "normal.h"

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kRounding = 8 * std::numeric_limits<double>::epsilon();

void check_rate(double rate) {
  if (!(rate >= 0 && rate <= 1)) {
    throw ConfigError("trade-off curve: false positive rate is " + to_text(rate) + ", expected a number in [0, 1]");
  }
}

/// The accountant's delta, remembered: the searches at all rates begin with the same questions.
class Deltas {
 public:
  Deltas(const Accountant& accountant, const Ledger& ledger) : accountant_(accountant), ledger_(ledger) {}

  double operator()(double epsilon) {
    const auto [found, is_new] = known_.try_emplace(epsilon, 0);
    if (is_new) found->second = accountant_.delta(ledger_, epsilon);
    return found->second;
  }

 private:
  const Accountant& accountant_;
  const Ledger& ledger_;
  std::map<double, double> known_;
};

// Both sides are unimodal: the hockey stick is convex in exp(epsilon), its perspective in exp(-epsilon). The search is
// on a logarithmic scale, so epsilon = 0 is asked for on its own.

double most_true_positives(Deltas& deltas, double rate) {
  if (rate == 0) return deltas(kInfinity);
  const auto bound = [&](double epsilon) { return (deltas(epsilon) + std::exp(epsilon) * rate) * (1 + kRounding); };
  return std::min(bound(0), minimise_positive(bound).value);
}

double least_false_negatives(Deltas& deltas, double rate) {
  const auto minus_bound = [&](double epsilon) {
    return -std::exp(-epsilon) * (1 - rate - deltas(epsilon) - kRounding);
  };
  return -std::min(minus_bound(0), minimise_positive(minus_bound).value);
}

TradeOffPoint trade_off(Deltas& deltas, double rate) {
  check_rate(rate);
  // The curve is its own mirror image in false positives = false negatives. Where it has more false negatives than
  // false positives, lines steeper than -1 bound it, elsewhere flatter ones.
  if (rate <= 0.5) {
    const double true_positives = most_true_positives(deltas, rate);
    if (1 - true_positives >= rate) return {rate, true_positives, (1 - true_positives) * (1 - kRounding)};
  }
  const double false_negatives = std::max(0.0, least_false_negatives(deltas, rate));
  return {rate, std::min(1.0, (1 - false_negatives) * (1 + kRounding)), false_negatives};
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
  const double threshold = normal_tail_quantile(false_positive_rate);
  if (std::isinf(threshold)) return {false_positive_rate, false_positive_rate, 1 - false_positive_rate};
  return {false_positive_rate, normal_tail(threshold - mu), normal_tail(mu - threshold)};
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
    const double threshold = point.true_positive_rate < 0.5 ? normal_tail_quantile(point.true_positive_rate)
                                                            : -normal_tail_quantile(point.false_negative_rate);
    mu = std::max(mu, normal_tail_quantile(rate) - threshold);
  }
  return mu;
}

}  // namespace dpml
