#include "repeat_and_select_curve.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "divergence_terms.h"
#include "renyi_conversion.h"

namespace dpml::renyi {

namespace {

constexpr double kFewNodes = 64;
constexpr int kFirstPower = -30;  // of 2, orders less one
constexpr int kLastPower = 40;
constexpr int kPlaces = 32;  // between two of them

/// log of the mean at g = exp(-u), which is h (exp(u) - 1) / (1 - exp(-h u)), and (exp(u) - 1) / u for h = 0.
double log_mean_at(double u, double shape) {
  const double scaled = std::fabs(shape * u);
  return u + log_mean_exponential(u) - log_mean_exponential(scaled) - (shape < 0 ? scaled : 0);
}

/// u = log(1 / g), rounded up.
double log_inverse_parameter(double mean, double shape) {
  double low = 0;
  double high = 1;
  while (log_mean_at(high, shape) < std::log(mean)) high *= 2;
  for (int i = 0; i < 200 && high > low * (1 + 1e-15); ++i) {
    const double middle = 0.5 * (low + high);
    (log_mean_at(middle, shape) < std::log(mean) ? low : high) = middle;
  }
  return high * (1 + kRenyiSlack) + 1e-14 / (1 + shape);  // the mean is known to a few units of the last place
}

}  // namespace

RepeatAndSelectCurve::RepeatAndSelectCurve(ComposedCurve inner, double mean, double shape)
    : inner_(std::move(inner)), mean_(mean), shape_(shape) {
  if (std::isfinite(shape)) {
    const double log_inverse = log_inverse_parameter(mean, shape);
    const auto term = [&](double c) { return (inner_.cumulant(c) + log_inverse) / (1 + c); };
    const double at_order_one = log_inverse;
    constant_ = (1 + shape) * std::min({at_order_one, numerics::minimise_positive(term).value, inner_.pure_epsilon()});
  }
  const numerics::Minimum best = numerics::minimise_positive([&](double b) { return divergence(b); });
  best_divergence_ = best.value;
  best_place_ = best.place;
}

double RepeatAndSelectCurve::divergence(double order_minus_one) {
  const double b = order_minus_one;
  if (std::isfinite(shape_)) return (inner_.cumulant(b) + std::log(mean_)) / b + constant_;
  const double log_delta = log_delta_of_one(std::log1p(1 / b));
  const double delta = inner_.pure_epsilon() <= std::log1p(1 / b) ? 0 : std::min(1.0, std::exp(log_delta));
  const double runs = std::log(mean_) + inner_.cumulant(b) + b * mean_ * delta;
  return (std::max(runs, -mean_) + log_one_plus_exp(-std::fabs(runs + mean_))) / b;
}

/// log of a delta of one run at epsilon, at the best order; where trying one takes long, of few, which are remembered.
double RepeatAndSelectCurve::log_delta_of_one(double epsilon) {
  if (inner_.nodes() <= kFewNodes) {
    return std::min(best_log_delta(inner_, epsilon).value, log_total_variation(inner_));
  }
  const auto log_delta = [&](int place) {
    const double order_minus_one = std::exp2(static_cast<double>(place) / kPlaces);
    const auto [known, is_new] = known_.try_emplace(place, 0);
    if (is_new) known->second = inner_.cumulant(order_minus_one);
    return log_delta_at(order_minus_one, known->second, epsilon);
  };
  int best = 0;
  for (int place = kFirstPower * kPlaces; place <= kLastPower * kPlaces; place += kPlaces) {
    if (log_delta(place) < log_delta(best)) best = place;
  }
  for (int step = kPlaces / 2; step > 0; step /= 2) {
    for (const int place : {best - step, best + step}) {
      if (log_delta(place) < log_delta(best)) best = place;
    }
  }
  return std::min(0.0, log_delta(best));
}

double RepeatAndSelectCurve::cumulant(double order_minus_one) {
  if (order_minus_one <= best_place_) return with_slack(order_minus_one * best_divergence_);
  return with_slack(order_minus_one * divergence(order_minus_one));
}

}  // namespace dpml::renyi
