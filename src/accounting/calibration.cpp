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
constexpr double kFirstLook = 1e-2;   // of the search with rdp that tells an expensive accountant where to begin
constexpr double kSecondLook = 2e-3;  // of one with the accountant itself, content with wide intervals
constexpr double kWideGap = 4e-3;     // namely those
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

std::optional<double> calibrate(const Accountant& accountant, const Target& target, numerics::ThresholdSearch search,
                                const std::function<Ledger(double)>& schedule) {
  const auto ask = [&](const Accountant& asked) {
    search.excess = [&](double number) { return target.excess(asked.epsilon(schedule(number), target.delta)); };
    return numerics::find_threshold(search);
  };
  const auto look = [&](const Accountant& asked, double precision) {
    try {
      search.precision = precision;
      const numerics::Threshold rough = ask(asked);
      if (!rough.holds) return false;
      search.start = *rough.holds;
      search.slope = rough.slope;
      return true;
    } catch (const UnsupportedEvent&) {  // then the accountant searches on its own
      return false;
    }
  };
  const double precision = accountant.is_quick() ? kQuickPrecision : kPrecision;
  if (!accountant.is_quick()) look(renyi::RdpAccountant(), kFirstLook);
  if (has_relative_gap(accountant.name())) {
    search.is_near = look(*make_accountant(accountant.name(), kWideGap), kSecondLook);
  }
  search.precision = precision;
  return ask(accountant).holds;
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
