#include "dpml/accounting/optimal_composition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/binomial.h"
#include "numerics/rounding.h"

namespace dpml {

namespace {

using numerics::kInfinity;
using numerics::kUlp;

constexpr double kNegligible = 1e-18;
constexpr std::uint64_t kMostMechanisms = 10'000'000'000;

void require(bool is_right, const char* what, double value, const char* expected) {
  if (is_right) return;
  throw ConfigError(std::string("pure composition: ") + what + " is " + to_text(value) + ", expected " + expected);
}

/// The expectation over l, as a sum that starts at its largest probability and goes both ways.
class HockeyStick {
 public:
  HockeyStick(double epsilon0, double count, double epsilon)
      : epsilon0_(epsilon0),
        count_(count),
        epsilon_(epsilon),
        p_(1 / (1 + std::exp(epsilon0))),
        q_(1 / (1 + std::exp(-epsilon0))) {}

  Interval value() {
    const double last = std::ceil(0.5 * (count_ - epsilon_ / epsilon0_));  // weights are 0 from about here on
    if (!(last >= 0)) return {0, 0};
    const double start = std::min({last, count_, std::floor((count_ + 1) * p_)});
    const double log_scale = numerics::log_binomial_probability(count_, start, p_, q_);
    sum_ = weight(start);
    go_down(start);
    go_up(start, std::min(last, count_));
    if (sum_ == 0 && rest_ == 0) return {0, 0};
    const double condition = terms_ + std::fabs(log_scale) + std::fabs(start - count_ * p_) / q_;
    const double slack = 1e-13 + 16 * kUlp * condition;
    const double scale = std::exp(log_scale);
    return {scale * sum_ * (1 - slack), std::nextafter(scale * (sum_ + rest_) * (1 + slack), kInfinity)};
  }

 private:
  double weight(double l) const {
    // Whole numbers times epsilon0, less epsilon, with one rounding.
    return std::max(0.0, -std::expm1(-std::fma(count_ - 2 * l, epsilon0_, -epsilon_)));
  }

  /// l falls, weights grow towards 1: the rest is a geometric sum.
  void go_down(double l) {
    double probability = 1;
    while (l > 0) {
      const double ratio = l / (count_ - l + 1) * (q_ / p_);
      if (ratio < 1 && probability * ratio / (1 - ratio) <= kNegligible * sum_) {
        rest_ += probability * ratio / (1 - ratio);
        return;
      }
      probability *= ratio;
      sum_ += probability * weight(--l);
      ++terms_;
      if (probability == 0) return add_underflow();
    }
  }

  void go_up(double l, double last) {
    double probability = 1;
    while (l < last) {
      const double ratio = (count_ - l) / (l + 1) * (p_ / q_);
      if (ratio < 1 && probability * ratio / (1 - ratio) <= kNegligible * sum_) {
        rest_ += probability * ratio / (1 - ratio);
        return;
      }
      probability *= ratio;
      sum_ += probability * weight(++l);
      ++terms_;
      if (probability == 0) return add_underflow();
    }
  }

  /// What has underflowed, in front of sums that are 0 themselves.
  void add_underflow() { rest_ += count_ * std::numeric_limits<double>::min(); }

  double epsilon0_;
  double count_;
  double epsilon_;
  double p_;  // of l
  double q_;
  double sum_ = 0;
  double rest_ = 0;
  double terms_ = 1;
};

Interval delta_at(double epsilon0, double delta0, double count, double epsilon) {
  const double log_none_fails = count == 0 ? 0 : count * std::log1p(-delta0);
  const double one_fails = -std::expm1(log_none_fails);
  const Interval pure = epsilon0 == 0 || count == 0 ? Interval{0, 0} : HockeyStick(epsilon0, count, epsilon).value();
  if (one_fails == 0 && pure.upper == 0) return {0, 0};
  const double none_fails = std::exp(log_none_fails);
  return {std::max(0.0, (one_fails + none_fails * pure.lower) * (1 - 8 * kUlp)),
          std::min(1.0, std::nextafter((one_fails + none_fails * pure.upper) * (1 + 8 * kUlp), kInfinity))};
}

/// The end of [low, high] nearest to where `holds` begins to be true, on the side that the caller asks for.
template <class Holds>
Interval bisect(double low, double high, const Holds& holds) {
  while (high - low > 4 * kUlp * high) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (holds(middle) ? high : low) = middle;
  }
  return {low, high};
}

void check(double epsilon0, double delta0, std::uint64_t count) {
  require(epsilon0 >= 0 && epsilon0 < kInfinity, "epsilon0", epsilon0, "a finite number, at least 0");
  require(delta0 >= 0 && delta0 <= 1, "delta0", delta0, "a number in [0, 1]");
  require(count <= kMostMechanisms, "count", static_cast<double>(count), "at most 1e10");
}

}  // namespace

Interval pure_composition_delta(double epsilon0, double delta0, std::uint64_t count, double epsilon) {
  check(epsilon0, delta0, count);
  require(epsilon >= 0, "epsilon", epsilon, "a number, at least 0");
  return delta_at(epsilon0, delta0, static_cast<double>(count), epsilon);
}

Interval pure_composition_epsilon(double epsilon0, double delta0, std::uint64_t count, double delta) {
  check(epsilon0, delta0, count);
  require(delta >= 0 && delta < 1, "delta", delta, "a number in [0, 1)");
  const auto times = static_cast<double>(count);
  const auto at = [&](double epsilon) { return delta_at(epsilon0, delta0, times, epsilon); };
  const auto is_enough = [&](double epsilon) { return at(epsilon).upper <= delta; };
  const auto may_be_enough = [&](double epsilon) { return at(epsilon).lower <= delta; };
  const double most = times * epsilon0 * (1 + 2 * kUlp);
  const double lower = may_be_enough(0) ? 0 : may_be_enough(most) ? bisect(0, most, may_be_enough).lower : kInfinity;
  const double upper = is_enough(0) ? 0 : is_enough(most) ? bisect(0, most, is_enough).upper : kInfinity;
  return {lower, upper};
}

}  // namespace dpml
