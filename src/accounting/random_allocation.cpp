#include "random_allocation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "atom_pair.h"

namespace dpml {

namespace {

constexpr double kUnit = std::numeric_limits<double>::epsilon() / 2;
constexpr double kRoundings = 256;  // of a node: one for each sum, and a few for its loss

struct Directions {
  std::shared_ptr<const LossPair> remove;
  std::shared_ptr<const LossPair> add;
};

std::shared_ptr<const LossPair> pair_of(std::vector<AtomPair::Atom> atoms, double infinite) {
  if (atoms.empty()) return nullptr;
  return std::make_shared<AtomPair>(std::move(atoms), AtomPair::Ends{infinite, 0, 0});
}

/// `sign` is 1 for masses and losses rounded up, -1 for down.
Directions directions_of(const RatioSum& sum, double sign) {
  std::vector<AtomPair::Atom> remove;
  std::vector<AtomPair::Atom> add;
  double never_with = 0;  // mass of outcomes that do not happen with the unit
  for (std::size_t i = 0; i < sum.masses.nodes.size(); ++i) {
    const double mass = sum.masses.masses[i] * (1 + sign * sum.masses.error);
    const RatioNode& node = sum.masses.nodes[i];
    if (!(mass > 0)) continue;
    if (node.number == 0) {
      never_with += mass;
      continue;
    }
    const double ratio = node.number / sum.count;
    const double loss = ratio < 0.5 ? std::log(ratio) : std::log1p(node.deviation / sum.count);
    // Of a node, relative to the number or to deviations from the mean, and of the logarithm.
    const double of_node = std::min(1.0, (std::fabs(node.deviation) + sum.deviation) / node.number);
    const double rounding = sign * kRoundings * kUnit * (std::fabs(loss) + of_node);
    remove.push_back({mass * ratio, loss + rounding});
    add.push_back({mass, -loss + rounding});
  }
  if (sign < 0) return {pair_of(std::move(remove), 0), pair_of(std::move(add), 0)};
  return {pair_of(std::move(remove), sum.masses.lost_mean / sum.count),
          pair_of(std::move(add), sum.masses.lost_mass + never_with)};
}

}  // namespace

RandomAllocation random_allocation(std::uint64_t bins, double noise, const RatioLattice& lattice) {
  const Directions above = directions_of(log_normal_sum(bins, 1 / noise, lattice, ConvexSide::above), 1);
  const Directions below = directions_of(log_normal_sum(bins, 1 / noise, lattice, ConvexSide::below), -1);
  const bool knows_below = below.remove && below.add;
  return {above.remove, above.add, knows_below ? below.remove : nullptr, knows_below ? below.add : nullptr};
}

}  // namespace dpml
