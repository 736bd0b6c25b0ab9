#pragma once

#include <cstdint>

#include "dpml/accounting/interval.h"

namespace dpml {

// The best that holds for `count` mechanisms, each (epsilon0, delta0)-private and no more is known of them, chosen
// adaptively (Kairouz, Oh and Viswanath 2015, Theorem 3.3). With l ~ Binomial(count, 1 / (1 + exp(epsilon0))),
//   delta = 1 - (1 - delta0)^count (1 - E[max(0, 1 - exp(epsilon - (count - 2 l) epsilon0))]).
// Only terms that matter are summed, a few times the root of count; the rest is bounded. The intervals hold the exact
// value, and are about 1e-12 relative wide, 1e-10 at a count of 1e10.
//
// epsilon0 in [0, infinity), delta0 in [0, 1], count at most 1e10; ConfigError otherwise.

/// delta at epsilon >= 0.
Interval pure_composition_delta(double epsilon0, double delta0, std::uint64_t count, double epsilon);

/// The epsilon at which delta in [0, 1) is left; infinity when none is enough.
Interval pure_composition_epsilon(double epsilon0, double delta0, std::uint64_t count, double delta);

}  // namespace dpml
