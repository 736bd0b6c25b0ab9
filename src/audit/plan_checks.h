#pragma once

#include <optional>

#include "findings.h"

namespace dpml {

// Does what the file says of the run agree with its config? All of it is cheap: no accountant is asked.

/// Reads the config; false when that is not possible.
bool check_config(Findings& findings);

/// Words of the file against words of the config: unit, neighbours, delta, accountant, noise key, origin.
void check_words(Findings& findings);

/// The ledger, the counts and the ending against the plan; sets claimed_for and whole_plan when they are the plan's.
void check_ledger(Findings& findings);

/// The noise multiplier of an event of training; nothing for an event of another kind.
std::optional<double> noise_of(const Event& event);

void check_weights(Findings& findings);
void check_delta(Findings& findings);

}  // namespace dpml
