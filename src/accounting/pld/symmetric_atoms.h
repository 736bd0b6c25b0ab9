#pragma once

#include <vector>

#include "atom_pair.h"
#include "dpml/accounting/event.h"

namespace dpml::pld {

/// A symmetric pair on finitely many outcomes: Q gives -loss with the mass that P gives loss.
struct SymmetricAtoms {
  std::vector<AtomPair::Atom> atoms;
  AtomPair::Ends ends;
  double spacing = 0;  ///< as in DominatingPair; 0 where atoms are groups of outcomes
  AtomPair::Losses losses = AtomPair::Losses::rounded;
};

/// Neighbouring outcomes together, where there are more than `most`: a group has the masses of P and Q of all of them.
SymmetricAtoms grouped(SymmetricAtoms atoms, std::size_t most);

/// A mechanism that is epsilon-private, and no more is known of it.
SymmetricAtoms pure_atoms(double epsilon);
SymmetricAtoms epsilon_delta_atoms(const EpsilonDelta& event);
SymmetricAtoms randomized_response_atoms(const RandomizedResponse& event);

/// Noise on the integers, moved by `distance`. About `cut` of either tail may be left out of a discrete Gaussian, which
/// has about how_many_gaussian_atoms().
SymmetricAtoms discrete_laplace_atoms(double scale, double distance);
SymmetricAtoms discrete_gaussian_atoms(double scale, double distance, double cut);
double how_many_gaussian_atoms(double scale, double cut);

}  // namespace dpml::pld
