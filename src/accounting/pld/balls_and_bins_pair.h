#pragma once

#include <cstdint>

#include "pair_of_event.h"
#include "ratio_sum.h"

namespace dpml::pld {

/// Pairs for a unit that goes to one of `bins` bins, uniformly, each of which gets Gaussian noise.
///
/// With Y_i = exp((2 x_i - 1) / (2 noise^2)), x_i ~ N(0, noise^2), the likelihood ratio of the dataset with the unit to
/// the one without is Z = (Y_1 + ... + Y_bins) / bins, and
///   remove: delta(epsilon) = E (Z - e^epsilon)+,   add: delta(epsilon) = E (1 - e^epsilon Z)+,
/// with independent Y_i. Both are convex in Z, so a bound of the sum in the convex order (ratio_sum.h) gives pairs that
/// dominate, or that are dominated.
/// Nothing may be known from below. `bins` >= 2, `noise` > 0.
PairOfEvent balls_and_bins_pairs(std::uint64_t bins, double noise, const RatioLattice& lattice);

}  // namespace dpml::pld
