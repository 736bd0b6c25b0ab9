#pragma once

#include <functional>

#include "dpml/accounting/accountant.h"

namespace dpml {

/// The smallest noise multiplier, within 1e-6 relative, whose schedule is certified (target_epsilon, delta)-private by
/// `accountant`. The epsilon of the returned value has been computed and does not exceed the target.
///
/// `schedule` gives the ledger of a whole run at a noise multiplier; more noise must not cost more. Searched is
/// [1e-12, 1e12]; when every value there satisfies the target, the result is 1e-12. Throws ConfigError when
/// target_epsilon is not positive and finite, when delta is not in (0, 1), or when no noise multiplier reaches the
/// target; lets through what accountant and schedule throw.
double calibrate_noise_multiplier(const Accountant& accountant, double target_epsilon, double delta,
                                  const std::function<Ledger(double noise_multiplier)>& schedule);

}  // namespace dpml
