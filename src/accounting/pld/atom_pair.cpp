#include "atom_pair.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;
using numerics::ulps;

constexpr int kProbeCells = 1000;

}  // namespace

AtomPair::AtomPair(std::vector<Atom> atoms, Ends ends, double spacing, Losses losses)
    : atoms_(std::move(atoms)), ends_(ends), spacing_(spacing), losses_(losses) {
  std::erase_if(atoms_, [](const Atom& atom) { return !(atom.p > 0); });
  const auto is_less = [](const Atom& a, const Atom& b) { return a.loss < b.loss; };
  if (!std::is_sorted(atoms_.begin(), atoms_.end(), is_less)) {
    std::stable_sort(atoms_.begin(), atoms_.end(), is_less);
  }
}

Interval AtomPair::largest_loss() const {
  if (ends_.infinite > 0) return {kInfinity, kInfinity};
  double largest = 0;
  for (const Atom& atom : atoms_) largest = std::max(largest, atom.to);
  const bool is_exact = losses_ == Losses::exact;
  return {is_exact ? largest : largest * (1 - ulps(8)), ends_.cut_above > 0 ? kInfinity
                                                        : is_exact          ? largest
                                                                            : largest * (1 + ulps(8))};
}

DominatingPair::Likeness AtomPair::likeness() const {
  if (atoms_.empty()) return {0, 0};
  return {std::fabs(atoms_[3 * atoms_.size() / 4].loss), std::fabs(atoms_.back().loss)};
}

LossCells AtomPair::cells(const LossGrid& grid, double) const {
  LossCells made{.infinite = ends_.infinite, .cut_above = ends_.cut_above, .cut_below = ends_.cut_below};
  made.cells.reserve(atoms_.size());
  for (const Atom& atom : atoms_) {
    if (atom.from < atom.to) {
      const auto low = static_cast<std::int64_t>(std::floor(2 * (atom.from - grid.offset) / grid.step));
      const auto high = static_cast<std::int64_t>(std::ceil(2 * (atom.to - grid.offset) / grid.step));
      made.cells.push_back({atom.p, atom.loss, low, std::max(high, low + 1)});
      continue;
    }
    const double place = 2 * (atom.loss - grid.offset) / grid.step;
    const double nearest = std::round(place);
    const auto edge = static_cast<std::int64_t>(nearest);
    const double size = std::fabs(atom.loss) + std::fabs(grid.offset);
    if (spacing_ > 0 && std::fabs(atom.loss - grid.edge(edge)) <= kOnTheEdge * size) {
      made.cells.push_back({atom.p, grid.edge(edge), edge, edge});
    } else {
      const auto low = static_cast<std::int64_t>(std::floor(place));
      made.cells.push_back({atom.p, atom.loss, low, low + 1});
    }
  }
  return made;
}

LossCells AtomPair::probe(double) const {
  LossCells made{.infinite = ends_.infinite, .cut_above = ends_.cut_above, .cut_below = ends_.cut_below};
  if (atoms_.empty()) return made;
  const double width = (atoms_.back().loss - atoms_.front().loss) / kProbeCells;
  for (std::size_t i = 0; i < atoms_.size();) {
    const double first = atoms_[i].loss;
    LossCell cell{0, 0, 0, 0};
    double under_q = 0;
    for (; i < atoms_.size() && atoms_[i].loss <= first + width; ++i) {
      cell.mass += atoms_[i].p;
      under_q += atoms_[i].p * std::exp(first - atoms_[i].loss);
    }
    cell.loss = first + std::log(cell.mass / under_q);
    made.cells.push_back(cell);
  }
  return made;
}

}  // namespace dpml::pld
