#include "dpml/accounting/shuffle_lower_bound.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/minimise.h"
#include "numerics/normal.h"

namespace dpml {

double shuffle_epsilon_lower_bound(double noise_multiplier, std::uint64_t batches, double delta) {
  if (!(noise_multiplier > 0 && std::isfinite(noise_multiplier))) {
    throw ConfigError("shuffle lower bound: noise multiplier is " + to_text(noise_multiplier) +
                      ", expected a finite number above 0");
  }
  if (batches == 0) throw ConfigError("shuffle lower bound: batches is 0, expected 1 or more");
  if (!(delta >= 0 && delta < 1)) {
    throw ConfigError("shuffle lower bound: delta is " + to_text(delta) + ", expected a number in [0, 1)");
  }
  constexpr double kLeast = 1e-300;  // smaller chances are not told from 0
  const auto others = static_cast<double>(batches - 1);
  const auto exceeds = [&](double threshold, double mean) {
    const double log_below = numerics::log_normal_tail(-threshold / noise_multiplier);
    return -std::expm1((others == 0 ? 0 : others * log_below) +
                       numerics::log_normal_tail((mean - threshold) / noise_multiplier));
  };
  const numerics::Minimum best = numerics::minimise_positive([&](double threshold) {
    const double more = exceeds(threshold, 2) - delta;
    return more > 0 ? std::log(std::max(kLeast, exceeds(threshold, 1))) - std::log(more) : 1 + threshold;
  });
  return std::max(0.0, -best.value * (1 - 1e-12) - 1e-12);
}

}  // namespace dpml
