#pragma once

#include <memory>
#include <vector>

#include "event_facts.h"
#include "mixture_pair.h"
#include "pair_of_event.h"
#include "symmetric_atoms.h"

namespace dpml::pld {

PairOfEvent exact(std::shared_ptr<const DominatingPair> remove, std::shared_ptr<const DominatingPair> add);
PairOfEvent symmetric(std::shared_ptr<const DominatingPair> pair);
PairOfEvent only_from_above(const PairOfEvent& pair);

inline constexpr double kLargestLoss = 600;  ///< exponentials of it, and of what it stands beside, are numbers
/// Throws UnsupportedEvent.
void refuse_above_largest(double loss);

/// Atoms of a symmetric pair after Poisson sampling: P becomes (1 - rate) Q + rate P.
PairOfEvent sampled(const SymmetricAtoms& base, double rate);

using Components = std::vector<MixturePair::Component>;

/// A mixture pair; refused where the means are so far apart, in standard deviations, that its losses would need
/// millions of cells. Renyi divergences are as good there.
std::shared_ptr<const MixturePair> mixture_pair(const Components& p, const Components& q, double noise);

/// A unit's part is 0 or as one of `components` says, against nothing.
PairOfEvent mixture_against_nothing(const Components& components, double noise);

/// Is there so little noise that no lattice could tell it from none?
bool tells_all(const events::OneGaussian& gaussian);

/// Without sampling: with it, nothing is told where nobody was drawn.
bool always_tells_everything(const Event& event);

}  // namespace dpml::pld
