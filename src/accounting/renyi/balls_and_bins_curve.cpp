#include "balls_and_bins_curve.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "numerics/rounding.h"

namespace dpml::renyi {

namespace {

using numerics::kInfinity;

constexpr std::size_t kLargestIntegerOrder = 256;
constexpr double kMomentRounding = 4e-11;  // relative; logarithms of factorials are added in every doubling

constexpr double kLeastNoise = 0.25;  // below, the inner quadrature would be long, and the mean of logarithms does
constexpr double kOuterStep = 0.04;   // of log(u); leaves exp(-40) at the largest order
constexpr double kLeastLogU = -21;    // the integrand is proportional to u^2 there
constexpr double kNegligible = 45;    // of a logarithm
constexpr double kReach = 10;         // standard deviations

/// A power series in u without its terms 0 and 1, as logarithms of its coefficients, which are not negative.
using LogSeries = std::vector<double>;

LogSeries product(const LogSeries& a, const LogSeries& b) {
  LogSeries made(a.size(), -kInfinity);
  for (std::size_t k = 0; k < a.size(); ++k) {
    LogSum sum;
    for (std::size_t j = 0; j <= k; ++j) sum.add(a[j] + b[k - j]);
    made[k] = sum.log();
  }
  return made;
}

LogSeries sum_of(const LogSeries& a, const LogSeries& b, double log_factor_of_b) {
  LogSeries made(a.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    LogSum sum;
    sum.add(a[k]);
    sum.add(b[k] + log_factor_of_b);
    made[k] = sum.log();
  }
  return made;
}

/// exp(rate u).
LogSeries exponential(double rate, std::size_t size) {
  LogSeries made(size);
  for (std::size_t k = 0; k < size; ++k) {
    const double order = static_cast<double>(k);
    made[k] = k == 0 ? 0 : order * std::log(rate) - std::lgamma(order + 1);
  }
  return made;
}

/// log(exp(x) - 1), x >= 0.
double log_expm1(double x) {
  return x > 1 ? x + std::log(-std::expm1(-x)) : std::log(std::expm1(x));
}

/// X is lognormal with mean 1; calls add(log density of y, log X) on a grid of normal y that is fine enough for exp(-v
/// X).
template <class Add>
void for_each_lognormal(double noise, double log_v, double step, const Add& add) {
  const double last = kReach + 2 / noise;
  // The density times exp(-v X) is largest at an y that is neither below -v / noise nor below -noise log(v).
  const double least = std::min(noise * std::max(0.0, log_v), std::exp(log_v) / noise);
  for (double y = -kReach - least; y < last; y += step) {
    add(-0.5 * y * y + std::log(step / std::sqrt(2 * std::numbers::pi)), (y - 0.5 / noise) / noise);
  }
}

/// log(E[exp(-u X / T)]^T - exp(-u)).
double log_outer_excess(double log_u, double bins, double noise) {
  const double log_v = log_u - std::log(bins);
  const double u = std::exp(log_u);
  const double step = std::min(0.4, noise / 5);
  if (log_v < 0) {
    double sum = 0;
    for_each_lognormal(noise, log_v, step, [&](double log_density, double log_x) {
      sum += std::exp(log_density) * psi(-std::exp(log_v) * std::expm1(log_x));
    });
    return log_expm1(bins * std::log1p(sum)) - u;
  }
  LogSum sum;
  for_each_lognormal(noise, log_v, step,
                     [&](double log_density, double log_x) { sum.add(log_density - std::exp(log_v + log_x)); });
  const double log_power = bins * sum.log();
  return log_power + std::log(-std::expm1(-u - log_power));
}

}  // namespace

BallsAndBinsCurve::BallsAndBinsCurve(std::uint64_t bins, double noise_multiplier)
    : bins_(static_cast<double>(bins)), bin_count_(bins), noise_(noise_multiplier) {}

void BallsAndBinsCurve::know_moments_to(std::size_t order) {
  if (order < log_moments_.size()) return;
  const std::size_t size = std::max<std::size_t>(17, std::bit_ceil(order) + 1);
  LogSeries one(size, -kInfinity);  // r of the header
  for (std::size_t j = 2; j < size; ++j) {
    const double exponent = static_cast<double>(j) * static_cast<double>(j - 1) / (2 * noise_ * noise_);
    one[j] = log_expm1(exponent) - static_cast<double>(j) * std::log(bins_) - std::lgamma(static_cast<double>(j) + 1);
  }
  LogSeries all = one;
  std::uint64_t known = 1;
  for (int bit = static_cast<int>(std::bit_width(bin_count_)) - 2; bit >= 0; --bit) {
    const LogSeries plain = exponential(static_cast<double>(known) / bins_, size);
    all = sum_of(product(all, all), product(plain, all), std::log(2.0));
    known *= 2;
    if ((bin_count_ >> bit & 1) == 0) continue;
    const LogSeries others = sum_of(exponential(static_cast<double>(known) / bins_, size), all, 0);
    all = sum_of(product(exponential(1 / bins_, size), all), product(others, one), 0);
    ++known;
  }
  for (std::size_t k = 0; k < size; ++k) all[k] += std::lgamma(static_cast<double>(k) + 1);
  log_moments_ = all;
}

double BallsAndBinsCurve::remove_cumulant(double order_minus_one) {
  if (order_minus_one > static_cast<double>(kLargestIntegerOrder) - 1) return kInfinity;
  const auto below = static_cast<std::size_t>(order_minus_one);
  const double part = order_minus_one - static_cast<double>(below);
  know_moments_to(below + 2);
  const double lower = below == 0 ? 0 : log_one_plus_exp(log_moments_[below + 1]);
  return ((1 - part) * lower + part * log_one_plus_exp(log_moments_[below + 2])) * (1 + kMomentRounding);
}

void BallsAndBinsCurve::know_places() {
  if (!places_.empty()) return;
  const double largest_order = static_cast<double>(kLargestIntegerOrder);
  double peak = -kInfinity;
  for (double log_u = kLeastLogU;; log_u += kOuterStep) {
    places_.push_back({log_u, log_outer_excess(log_u, bins_, noise_)});
    // Where the largest order sees nothing any more, no order does.
    const double term = largest_order * log_u + places_.back().log_excess;
    peak = std::max(peak, term);
    if (log_u > 0 && (term < peak - kNegligible || !std::isfinite(term))) break;
  }
}

double BallsAndBinsCurve::add_cumulant(double order_minus_one) {
  know_places();
  LogSum sum;
  for (const Place& place : places_) sum.add(order_minus_one * place.log_u + place.log_excess);
  return log_one_plus_exp(sum.log() + std::log(kOuterStep) - std::lgamma(order_minus_one));
}

double BallsAndBinsCurve::cumulant(double order_minus_one) {
  const double b = order_minus_one;
  const double inverse_square = 1 / (noise_ * noise_);
  const double without_bins = 0.5 * b * (1 + b) * inverse_square;
  const double remove = std::min(without_bins, remove_cumulant(b));
  double add = 0.5 * b * (1 + b / bins_) * inverse_square;
  const bool add_may_be_smaller = noise_ >= kLeastNoise && b <= static_cast<double>(kLargestIntegerOrder);
  if (add > remove && add_may_be_smaller) add = std::min(add, add_cumulant(b));
  return with_slack(std::max(remove, add));
}

}  // namespace dpml::renyi
