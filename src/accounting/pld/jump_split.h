#pragma once

#include <vector>

#include "coarse_pld.h"
#include "composed_pld.h"

namespace dpml::pld {

/// Takes releases apart whose loss is above 0.7 of epsilon, of the phases where that is likeliest, in that many
/// classes: the lowest thresholds are a half, a quarter, ... of that.
JumpSplit split_at(const CoarsePld& looks, const std::vector<double>& counts, double epsilon, std::size_t classes);

/// How large a loss is a jump, where there is one class of them.
double jump_threshold(double epsilon);

/// How many terms of up to so many jumps there are: with n kinds of them (n + k choose k).
double how_many_terms(const JumpSplit& split, double jumps);

/// All ways to share up to `most` jumps among the kinds of them, as in JumpTerm.
std::vector<std::vector<double>> shares_of_jumps(const JumpSplit& split, const std::vector<double>& counts,
                                                 double most);

/// Looks at the releases, given that they jump so.
CoarsePld looks_of(const CoarsePld& looks, const JumpSplit& split, const std::vector<double>& jumps);

}  // namespace dpml::pld
