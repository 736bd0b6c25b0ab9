#include "dpml/accounting/calibration.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr double kLeastNoise = 1e-12;
constexpr double kMostNoise = 1e12;
constexpr double kPrecision = 1e-6;

/// Noise multipliers of which the lower one misses the target and the upper one meets it.
struct Bracket {
  double misses;
  double meets;
};

}  // namespace

double calibrate_noise_multiplier(const Accountant& accountant, double target_epsilon, double delta,
                                  const std::function<Ledger(double noise_multiplier)>& schedule) {
  if (!(target_epsilon > 0 && std::isfinite(target_epsilon))) {
    throw ConfigError("calibration: target epsilon is " + to_text(target_epsilon) +
                      ", expected a positive finite number");
  }
  if (!(delta > 0 && delta < 1)) {
    throw ConfigError("calibration: delta is " + to_text(delta) + ", expected a number in (0, 1)");
  }
  const auto meets = [&](double noise) { return accountant.epsilon(schedule(noise), delta) <= target_epsilon; };

  Bracket bracket{1, 1};
  if (meets(1)) {
    while (meets(bracket.misses)) {
      if (bracket.misses == kLeastNoise) return kLeastNoise;
      bracket.meets = bracket.misses;
      bracket.misses = std::max(kLeastNoise, bracket.misses / 2);
    }
  } else {
    while (!meets(bracket.meets)) {
      if (bracket.meets == kMostNoise) {
        throw ConfigError("calibration: no noise multiplier up to 1e12 reaches epsilon " + to_text(target_epsilon) +
                          " at delta " + to_text(delta) +
                          " with this schedule; allow a larger epsilon or delta, or "
                          "fewer releases");
      }
      bracket.misses = bracket.meets;
      bracket.meets = std::min(kMostNoise, bracket.meets * 2);
    }
  }
  while (bracket.meets > bracket.misses * (1 + kPrecision)) {
    const double middle = std::sqrt(bracket.misses * bracket.meets);
    (meets(middle) ? bracket.meets : bracket.misses) = middle;
  }
  return bracket.meets;
}

}  // namespace dpml
