#pragma once

#include <cstdint>

namespace dpml {

/// A LOWER bound only: no epsilon below it holds for one epoch of shuffled batches, each released as a sum with
/// Gaussian noise. It certifies nothing; it tells how far a bound for Poisson sampling would under-report.
///
/// Chua et al. 2024 (arXiv 2403.17673), Section 3.2, zero_out neighbours (the others include them): a unit whose batch
/// moves by 2 clip bounds against one whose batch moves by 1, seen through the event that some release exceeds C, best
/// C:
///   epsilon >= log((P(max > C | 2) - delta) / P(max > C | 1)),   P(max > C | m) = 1 - Phi(C/s)^(T-1) Phi((C - m)/s).
///
/// noise_multiplier s > 0, finite; batches T >= 1; delta in [0, 1); ConfigError otherwise. Rounded down; 0 when the
/// event tells nothing.
double shuffle_epsilon_lower_bound(double noise_multiplier, std::uint64_t batches, double delta);

}  // namespace dpml
