#include "dpml/accounting/analytic_gaussian.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/gauss_legendre.h"
#include "numerics/normal.h"
#include "numerics/rounding.h"

namespace dpml {

namespace {

using numerics::kInfinity;
using numerics::kUlp;

constexpr double kLargest = std::numeric_limits<double>::max();
/// Of log(delta), times 1 + b (1 + |a|): twenty times the largest error seen against 60-digit values.
constexpr double kSlack = numerics::ulps(32);
constexpr int kMostSteps = 200;

void require(bool is_right, const char* what, double value, const char* expected) {
  if (is_right) return;
  throw ConfigError(std::string("analytic gaussian: ") + what + " is " + to_text(value) + ", expected " + expected);
}

/// log(delta) with its error and the parts of its slopes.
struct LogDelta {
  double value;
  double slack;
  double mills_difference;  ///< R(a) - R(b), which is delta / density(a)
  double mills_at_b;

  double upper() const { return std::isfinite(value) ? std::min(0.0, value + slack) : -kLargest; }
  double lower() const { return std::isfinite(value) ? value - slack : value; }
  double slope_in_epsilon() const { return -mills_at_b / mills_difference; }  ///< d log(delta) / d epsilon < 0
  double slope_in_log_mu(double mu) const { return mu / mills_difference; }
};

/// R(a) - R(a + mu). Where the ratio falls by less than half the difference would cancel, and the slope is so smooth
/// that 16 nodes integrate it to the last place.
double mills_difference(double a, double mu) {
  const double at_a = numerics::mills_ratio(a);
  const double at_b = numerics::mills_ratio(a + mu);
  return at_b < 0.5 * at_a ? at_a - at_b : numerics::integrate16(a, mu, numerics::mills_slope);
}

/// mu and epsilon are finite, mu is positive.
LogDelta log_delta(double mu, double epsilon) {
  const double a = epsilon / mu - 0.5 * mu;
  const double b = epsilon / mu + 0.5 * mu;
  const double condition = 1 + b * (1 + std::fabs(a));
  if (a < -1) {
    const double mills_at_b = numerics::mills_ratio(b);
    const double density = std::exp(numerics::log_normal_density(a));
    const double complement = density * (numerics::mills_ratio(-a) + mills_at_b);
    if (complement < 0.5) {
      return {std::log1p(-complement), kSlack * (1 + std::min(1.0, 2 * complement * condition)),
              (1 - complement) / density, mills_at_b};
    }
  }
  const double difference = mills_difference(a, mu);
  const double value = numerics::log_normal_density(a) + std::log(difference);
  return {value, kSlack * (condition + std::fabs(value)), difference, numerics::mills_ratio(b)};
}

/// A logarithm moved by more than it can be wrong.
double log_rounded(double value, double direction) {
  const double logarithm = std::log(value);
  return logarithm + direction * 2 * kUlp * (std::fabs(logarithm) + kUlp);
}

/// From `guess` outwards (direction 1 is up) until `holds`; `step` is what should be enough.
template <class Holds>
double widen(double guess, double step, double direction, const Holds& holds) {
  for (double width = step + 4 * kUlp * guess;; width *= 2) {
    const double tried = std::max(0.0, guess + direction * width);
    if (holds(tried) || tried == 0 || tried == kInfinity) return tried;
  }
}

/// The root over epsilon of log_delta = target, where epsilon = 0 is above the target.
double solve_epsilon(double mu, double target) {
  // log(delta) is concave and falls, so Newton's steps from the Chernoff bound Q(a) <= exp(-a^2 / 2) stay above the
  // root and cannot miss it.
  double epsilon = mu * (std::sqrt(-2 * target) + 0.5 * mu);
  for (int i = 0; i < kMostSteps; ++i) {
    const LogDelta at = log_delta(mu, epsilon);
    const double next = std::max(0.0, epsilon - (at.value - target) / at.slope_in_epsilon());
    if (!(next < epsilon * (1 - kUlp))) break;
    epsilon = next;
  }
  return epsilon;
}

/// The root over mu of log_delta = target.
double solve_mu(double epsilon, double target) {
  // Chernoff again, and delta <= mu / sqrt(2 pi), are below the root.
  const double a = std::sqrt(-2 * target);
  double low = std::max(2 * epsilon / (a + std::sqrt(a * a + 2 * epsilon)), 2.5 * std::exp(target));
  double high = low;
  while (log_delta(high, epsilon).value < target) high *= 2;
  double mu = low;
  for (int i = 0; i < kMostSteps && high > low * (1 + kUlp); ++i) {
    const LogDelta at = log_delta(mu, epsilon);
    (at.value < target ? low : high) = mu;
    double next = mu * std::exp((target - at.value) / at.slope_in_log_mu(mu));
    if (!(next > low && next < high)) next = std::sqrt(low) * std::sqrt(high);
    if (std::fabs(next - mu) <= kUlp * mu) break;
    mu = next;
  }
  return mu;
}

}  // namespace

Interval gaussian_log_delta(double mu, double epsilon) {
  require(mu >= 0, "mu", mu, "a number, at least 0");
  require(epsilon >= 0, "epsilon", epsilon, "a number, at least 0");
  if (mu == kInfinity) return {0, 0};
  if (mu == 0 || epsilon == kInfinity) return {-kInfinity, -kInfinity};
  const LogDelta at = log_delta(mu, epsilon);
  return {at.lower(), at.upper()};
}

Interval gaussian_delta(double mu, double epsilon) {
  const Interval logarithm = gaussian_log_delta(mu, epsilon);
  const double lower = std::nextafter(std::exp(logarithm.lower) * (1 - 2 * kUlp), 0.0);
  if (logarithm.upper == -kInfinity) return {0, 0};
  if (logarithm.lower == 0) return {1, 1};
  return {lower, std::min(1.0, std::nextafter(std::exp(logarithm.upper) * (1 + 2 * kUlp), 1.0))};
}

Interval gaussian_epsilon(double mu, double delta) {
  require(mu >= 0, "mu", mu, "a number, at least 0");
  require(delta >= 0 && delta < 1, "delta", delta, "a number in [0, 1)");
  if (mu == 0) return {0, 0};
  if (delta == 0 || mu * mu == kInfinity) return {kInfinity, kInfinity};
  const double below = log_rounded(delta, -1);
  const double above = log_rounded(delta, +1);
  const LogDelta at_zero = log_delta(mu, 0);
  if (at_zero.upper() <= below) return {0, 0};

  const double epsilon = at_zero.value <= below ? 0 : solve_epsilon(mu, below);
  const LogDelta at = log_delta(mu, epsilon);
  const double step = (at.slack + above - below) / -at.slope_in_epsilon();
  const auto is_enough = [&](double tried) { return log_delta(mu, tried).upper() <= below; };
  const auto is_too_little = [&](double tried) { return log_delta(mu, tried).lower() >= above; };
  return {widen(epsilon, step, -1, is_too_little), widen(epsilon, step, +1, is_enough)};
}

Interval gaussian_mu(double epsilon, double delta) {
  require(epsilon >= 0 && epsilon < kInfinity, "epsilon", epsilon, "a finite number, at least 0");
  require(delta > 0 && delta < 1, "delta", delta, "a number in (0, 1)");
  const double below = log_rounded(delta, -1);
  const double above = log_rounded(delta, +1);
  const double mu = solve_mu(epsilon, below);
  const LogDelta at = log_delta(mu, epsilon);
  const double step = mu * (at.slack + above - below) / at.slope_in_log_mu(mu);
  const auto is_private = [&](double tried) { return tried == 0 || log_delta(tried, epsilon).upper() <= below; };
  const auto is_not = [&](double tried) { return log_delta(tried, epsilon).lower() >= above; };
  return {widen(mu, step, -1, is_private), widen(mu, step, +1, is_not)};
}

double gaussian_noise_multiplier(double epsilon, double delta, double distance) {
  require(distance > 0 && distance < kInfinity, "distance", distance, "a finite number above 0");
  return distance / gaussian_mu(epsilon, delta).lower * (1 + 2 * kUlp);
}

}  // namespace dpml
