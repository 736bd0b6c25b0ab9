#pragma once

#include <cstdint>
#include <functional>

#include "dpml/accounting/accountant.h"

namespace dpml {

// Which number, given all others, meets a target: (target_epsilon, delta)-privacy as certified by `accountant`. What is
// returned has been computed to meet it: the accountant's epsilon does not exceed the target there. A real number is
// within 1e-4 relative of one that has been computed to miss (1e-6 for an accountant that is_quick()); of a whole
// number the next one misses.
//
// `schedule` gives the ledger of a whole run, including what was spent before. An accountant that is not quick is asked
// about 5 times, never more than about 20; a search with "rdp" tells it where to look first.
//
// All throw ConfigError when target_epsilon is not positive and finite, when delta is not in (0, 1), or when the target
// is out of reach, and let through what accountant and schedule throw.

/// The smallest noise multiplier. More noise must not cost more. Searched is [1e-12, 1e12]; when every value there
/// meets the target, the result is 1e-12.
double calibrate_noise_multiplier(const Accountant& accountant, double target_epsilon, double delta,
                                  const std::function<Ledger(double noise_multiplier)>& schedule);

/// The largest sampling rate. A higher one must not cost less. Searched is [1e-12, 1].
double calibrate_sampling_rate(const Accountant& accountant, double target_epsilon, double delta,
                               const std::function<Ledger(double sampling_rate)>& schedule);

/// The largest whole number from 0 to `most`, at most 2^53: of steps, of epochs, or the largest (expected) batch size.
/// More must not cost less. The schedule of 0 is asked for only when 1 misses the target.
std::uint64_t calibrate_count(const Accountant& accountant, double target_epsilon, double delta, std::uint64_t most,
                              const std::function<Ledger(std::uint64_t count)>& schedule);

/// The smallest delta that `accountant` certifies at target_epsilon >= 0: Accountant::delta. ConfigError when it is 1.
double calibrate_delta(const Accountant& accountant, double target_epsilon, const Ledger& ledger);

}  // namespace dpml
