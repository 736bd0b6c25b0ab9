#include "atom_pair.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dpml {

namespace {

constexpr double kOnTheEdge = 1e-9;  // of a half step: as near as losses of a common spacing come out

}  // namespace

AtomPair::AtomPair(std::vector<Atom> atoms, Ends ends, double spacing)
    : atoms_(std::move(atoms)), ends_(ends), spacing_(spacing) {
  std::stable_sort(atoms_.begin(), atoms_.end(), [](const Atom& a, const Atom& b) { return a.loss < b.loss; });
}

LossCells AtomPair::cells(const LossGrid& grid, double) const {
  LossCells made{.infinite = ends_.infinite, .cut_above = ends_.cut_above, .cut_below = ends_.cut_below};
  made.cells.reserve(atoms_.size());
  for (const Atom& atom : atoms_) {
    const double place = 2 * (atom.loss - grid.offset) / grid.step;
    const double nearest = std::round(place);
    if (std::fabs(place - nearest) <= kOnTheEdge && spacing_ > 0) {
      const auto edge = static_cast<std::int64_t>(nearest);
      made.cells.push_back({atom.p, grid.edge(edge), edge, edge});
    } else {
      const auto low = static_cast<std::int64_t>(std::floor(place));
      made.cells.push_back({atom.p, atom.loss, low, low + 1});
    }
  }
  return made;
}

LossCells AtomPair::probe(double cut) const {
  LossCells made = cells({.step = 1}, cut);
  for (std::size_t i = 0; i < atoms_.size(); ++i) made.cells[i].loss = atoms_[i].loss;
  return made;
}

}  // namespace dpml
