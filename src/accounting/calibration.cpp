#include "dpml/accounting/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/threshold_search.h"
#include "renyi/rdp_accountant.h"

namespace dpml {

namespace {

constexpr double kLeastNoise = 1e-12;
constexpr double kMostNoise = 1e12;
constexpr double kLeastRate = 1e-12;
constexpr double kPrecision = 2.5e-5;  // leaves room for the width of the interval of "pld" within 1e-4
constexpr double kQuickPrecision = 1e-6;
constexpr double kFirstLook = 3e-2;   // of log(epsilon): rdp tells where an expensive accountant begins, 5 to 30 % off
constexpr double kSecondLook = 1e-2;  // likewise; that one, content with wide intervals: by a secant more, 3e-4 off
constexpr double kWideGap = 4e-3;     // namely those
constexpr double kMostWideGap = 2 * kWideGap;  // of an interval whose middle tells more than its upper end
constexpr std::uint64_t kMostCount = std::uint64_t{1} << 53;

struct Target {
  double epsilon;
  double delta;

  Target(double target_epsilon, double target_delta) : epsilon(target_epsilon), delta(target_delta) {
    if (!(epsilon > 0 && std::isfinite(epsilon))) {
      throw ConfigError("calibration: target epsilon is " + to_text(epsilon) + ", expected a positive finite number");
    }
    if (!(delta > 0 && delta < 1)) {
      throw ConfigError("calibration: delta is " + to_text(delta) + ", expected a number in (0, 1)");
    }
  }

  /// <= 0 exactly when the target is met.
  double excess(double found) const {
    const double excess = std::log(found / epsilon);
    return found <= epsilon ? std::min(0.0, excess) : std::max(std::numeric_limits<double>::min(), excess);
  }

  [[noreturn]] void is_out_of_reach(const std::string& of_what, const std::string& advice) const {
    throw ConfigError("calibration: no " + of_what + " reaches epsilon " + to_text(epsilon) + " at delta " +
                      to_text(delta) + " with this schedule; allow a larger epsilon or delta, or " + advice);
  }
};

/// About what an accountant with a narrower interval would say.
double estimate_of(const Bound& bound) {
  const double width = bound.upper - bound.lower;
  return width <= kMostWideGap * bound.upper ? bound.upper - 0.5 * width : bound.upper;
}

std::optional<double> calibrate(const Accountant& accountant, const Target& target, numerics::ThresholdSearch search,
                                const std::function<Ledger(double)>& schedule) {
  const auto look = [&](const Accountant& asked, double enough) {
    search.excess = [&](double number) {
      return target.excess(estimate_of(asked.epsilon_bound(schedule(number), target.delta)));
    };
    try {
      const numerics::NearThreshold near = numerics::come_near(search, enough);
      if (!near.number) return false;
      search.start = *near.number;
      search.slope = near.slope;
      return true;
    } catch (const UnsupportedEvent&) {  // then the accountant searches on its own
      return false;
    }
  };
  search.precision = accountant.is_quick() ? kQuickPrecision : kPrecision;
  if (!accountant.is_quick()) look(renyi::RdpAccountant(), kFirstLook);
  if (has_relative_gap(accountant.name())) {
    search.is_near = look(*make_accountant(accountant.name(), kWideGap), kSecondLook);
  }
  search.excess = [&](double number) { return target.excess(accountant.epsilon(schedule(number), target.delta)); };
  return numerics::find_threshold(search).holds;
}

}  // namespace

double calibrate_noise_multiplier(const Accountant& accountant, double target_epsilon, double delta,
                                  const std::function<Ledger(double noise_multiplier)>& schedule) {
  const Target target(target_epsilon, delta);
  const std::optional<double> found = calibrate(
      accountant, target,
      {.holds_above = true, .least = kLeastNoise, .most = kMostNoise, .is_whole = false, .start = 1, .slope = 1},
      schedule);
  if (!found) target.is_out_of_reach("noise multiplier up to 1e12", "fewer releases");
  return *found;
}

double calibrate_sampling_rate(const Accountant& accountant, double target_epsilon, double delta,
                               const std::function<Ledger(double sampling_rate)>& schedule) {
  const Target target(target_epsilon, delta);
  const std::optional<double> found = calibrate(
      accountant, target,
      {.holds_above = false, .least = kLeastRate, .most = 1, .is_whole = false, .start = 0.01, .slope = 1}, schedule);
  if (!found) target.is_out_of_reach("sampling rate down to 1e-12", "more noise or fewer releases");
  return *found;
}

std::uint64_t calibrate_count(const Accountant& accountant, double target_epsilon, double delta, std::uint64_t most,
                              const std::function<Ledger(std::uint64_t count)>& schedule) {
  const Target target(target_epsilon, delta);
  if (most > kMostCount) {
    throw ConfigError("calibration: largest count is " + std::to_string(most) + ", expected at most 2^53");
  }
  const auto schedule_of = [&](double count) { return schedule(static_cast<std::uint64_t>(count)); };
  if (most > 0) {
    const std::optional<double> found = calibrate(
        accountant, target,
        {.holds_above = false, .least = 1, .most = static_cast<double>(most), .is_whole = true, .start = 1, .slope = 1},
        schedule_of);
    if (found) return static_cast<std::uint64_t>(*found);
  }
  if (accountant.epsilon(schedule(0), delta) > target_epsilon) target.is_out_of_reach("count", "more noise");
  return 0;
}

double calibrate_delta(const Accountant& accountant, double target_epsilon, const Ledger& ledger) {
  const double delta = accountant.delta(ledger, target_epsilon);
  if (delta >= 1) {
    throw ConfigError("calibration: no delta below 1 is certified at epsilon " + to_text(target_epsilon) +
                      " for this ledger; allow a larger epsilon, more noise, or fewer releases");
  }
  return delta;
}

}  // namespace dpml
