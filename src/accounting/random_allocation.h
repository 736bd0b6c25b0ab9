#pragma once

#include <memory>

#include "privacy_loss.h"

namespace dpml {

/// Pairs for a unit that goes to one of `bins` bins, uniformly, each of which gets Gaussian noise.
///
/// With Y_i = exp((2 x_i - 1) / (2 noise^2)), x_i ~ N(0, noise^2), the likelihood ratio of the dataset with the unit to
/// the one without is Z = (Y_1 + ... + Y_bins) / bins, and
///   remove: delta(epsilon) = E (Z - e^epsilon)+,   add: delta(epsilon) = E (1 - e^epsilon Z)+,
/// with independent Y_i. Both are convex in Z. So spreading each Y_i to the two nodes around it on a lattice, with its
/// mean kept, gives pairs that dominate; merging to nodes, with means kept, gives pairs that are dominated. The sum is
/// found by a tilted Fourier transform, whose error is counted in.
struct RandomAllocation {
  std::shared_ptr<const LossPair> remove;
  std::shared_ptr<const LossPair> add;
  std::shared_ptr<const LossPair> remove_below;
  std::shared_ptr<const LossPair> add_below;
};

/// `bins` >= 2, `noise` > 0; about `cut` of P is left out from above. Nothing when the lattice would need too many
/// points.
std::shared_ptr<const RandomAllocation> random_allocation(double bins, double noise, double cut);

}  // namespace dpml
