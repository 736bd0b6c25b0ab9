#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dpml/accounting/ledger.h"

namespace dpml {

// Events with other numbers that are known to cost no less, or no more, whatever is asked of them: of every kind that has
// a noise, a smaller one costs more; so do a larger sampling rate, epsilon, delta, rho, sensitivity and number of
// categories, and fewer bins. Numbers of which this is not known stay as they are.
enum class Cost { more, less };

/// The numbers rounded to `digits` binary digits.
Event rounded(const Event& event, int digits, Cost cost);

/// An event that costs no less, with numbers of which squares and products can be computed: noise at most 1e100 and
/// rates and epsilons at least 1e-100 (0 stays 0). Nothing where the event has such numbers.
std::optional<Event> tamed(const Event& event);

/// Events that have equal keys are equal.
std::string key_of(const Event& event);

/// How many different events there are, compositions taken apart. Throws what for_each_leaf throws.
std::size_t count_kinds(const Ledger& ledger);

/// The ledger with as many digits as leave at most `most` different events, or with one if that is not possible.
Ledger rounded(const Ledger& ledger, std::size_t most, Cost cost);

}  // namespace dpml
