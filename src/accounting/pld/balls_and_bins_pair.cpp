#include "balls_and_bins_pair.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "atom_pair.h"
#include "dpml/base/parallel.h"
#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kHalfUlp;

constexpr double kRoundings = 4096;  // of a node: a few for each sum, where each is of parts up to 50 deviations out

struct Directions {
  std::shared_ptr<const DominatingPair> remove;
  std::shared_ptr<const DominatingPair> add;
};

std::shared_ptr<const DominatingPair> pair_of(std::vector<AtomPair::Atom> atoms, double infinite) {
  if (atoms.empty()) return nullptr;
  return std::make_shared<AtomPair>(std::move(atoms), AtomPair::Ends{infinite, 0, 0});
}

/// `sign` is 1 for masses and losses rounded up, -1 for down.
///
/// A node is the sum of `count` numbers, each rounded relative to itself or to its own deviation from 1, so in all
/// relative to the smaller one of the node and of `count` such deviations (and the node's own). Masses are right
/// to a relative error, but as a node gets what another one does not get, that error also moves the mean of a cell, by
/// as much of its width: where the mean is, not what the masses are, decides in the convex order. Cells are as wide as
/// a step of that, or as the least width of their part; parts of c numbers are count / c, so those widths together are
/// at most sqrt(count) times the least one of the sum.
Directions directions_of(const RatioSum& sum, double step, double sign) {
  std::vector<AtomPair::Atom> remove;
  std::vector<AtomPair::Atom> add;
  double never_with = 0;  // mass of outcomes that do not happen with the unit
  for (std::size_t i = 0; i < sum.masses.nodes.size(); ++i) {
    const double mass = sum.masses.masses[i] * (1 + sign * sum.masses.error);
    const RatioPlace& node = sum.masses.nodes[i];
    if (!(mass > 0)) continue;
    if (node.number == 0) {
      never_with += mass;
      continue;
    }
    const double ratio = node.number / sum.count;
    const double loss = ratio < 0.5 ? std::log(ratio) : std::log1p(node.deviation / sum.count);
    const double root = std::sqrt(sum.count);
    const double of_parts = std::min(1.0, (std::fabs(node.deviation) + root * sum.deviation) / node.number) +
                            root * sum.least / node.number;
    const double rounding =
        sign * (kRoundings * kHalfUlp * (std::fabs(loss) + of_parts) + sum.masses.error * step * of_parts);
    remove.push_back({mass * ratio, loss + rounding});
    add.push_back({mass, -loss + rounding});
  }
  if (sign < 0) return {pair_of(std::move(remove), 0), pair_of(std::move(add), 0)};
  const double rounded_up = 1 + sum.masses.error;
  return {pair_of(std::move(remove), sum.masses.lost_mean / sum.count * rounded_up),
          pair_of(std::move(add), sum.masses.lost_mass * rounded_up + never_with)};
}

}  // namespace

PairOfEvent balls_and_bins_pairs(std::uint64_t bins, double noise, const RatioLattice& lattice) {
  std::array<Directions, 2> made;
  const int threads = std::min(static_cast<int>(made.size()), available_cores());
  parallel_for(threads, std::ssize(made), [&](std::int64_t i) {
    const ConvexSide side = i == 0 ? ConvexSide::above : ConvexSide::below;
    const double sign = side == ConvexSide::above ? 1 : -1;
    made[static_cast<std::size_t>(i)] =
        directions_of(log_normal_sum(bins, 1 / noise, lattice, side), lattice.step, sign);
  });
  const auto& [above, below] = made;
  const bool knows_below = below.remove && below.add;
  return {above.remove, above.add, knows_below ? below.remove : nullptr, knows_below ? below.add : nullptr};
}

}  // namespace dpml::pld
