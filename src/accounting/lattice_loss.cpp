#include "lattice_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "dpml/base/error.h"

namespace dpml {

namespace {

void add(LatticeLoss& lattice, std::int64_t index, double mass) {
  if (!(mass > 0)) return;
  std::size_t at = lattice.nodes.size();
  while (at > 0 && lattice.nodes[at - 1].index > index) --at;
  if (at > 0 && lattice.nodes[at - 1].index == index) {
    lattice.nodes[at - 1].mass += mass;
  } else {
    lattice.nodes.insert(lattice.nodes.begin() + static_cast<std::ptrdiff_t>(at), {index, mass});
  }
}

std::int64_t node_at_or_below(std::int64_t edge) {
  return edge >= 0 ? edge / 2 : -((1 - edge) / 2);
}

std::int64_t node_at_or_above(std::int64_t edge) {
  return -node_at_or_below(-edge);
}

/// Mass with a value on the line; in the mirrored merge, mass under Q and the negated loss.
struct Atom {
  double mass;
  double value;
};

/// Groups of atoms from the left. Their balance is sum mass (1 - exp(node - value)), 0 when the ratio is the node's.
class Merger {
 public:
  struct Group {
    std::int64_t index;
    double mass;
  };
  struct Rest {
    std::int64_t index = 0;  // of the first node above the ratio of what is left, or at it
    double mass = 0;
    double balance = 0;
  };

  Merger(std::vector<Atom> atoms, double step, double offset) : atoms_(std::move(atoms)), step_(step), offset_(offset) {
    groups_.reserve(atoms_.size());
    std::size_t at = 0;
    double rest = atoms_.empty() ? 0 : atoms_[0].mass;
    std::int64_t index = 0;
    while (at < atoms_.size()) {
      index = std::max(index, node_from(atoms_[at].value));
      const double node = offset_ + step_ * static_cast<double>(index);
      double mass = 0;
      double balance = 0;
      while (at < atoms_.size()) {
        const double change = -rest * std::expm1(node - atoms_[at].value);
        if (balance + change <= 0) {
          balance += change;
          mass += rest;
          ++at;
          rest = at < atoms_.size() ? atoms_[at].mass : 0;
          if (balance == 0) break;
        } else {
          const double part = -balance / change;
          mass += part * rest;
          rest *= 1 - part;
          balance = 0;
          break;
        }
      }
      if (balance < 0) {
        rest_ = {index, mass, balance};
      } else {
        groups_.push_back({index, mass});
      }
      ++index;
    }
  }

  const std::vector<Group>& groups() const { return groups_; }
  const Rest& rest() const { return rest_; }

 private:
  /// The first node at `value` or above.
  std::int64_t node_from(double value) const {
    return static_cast<std::int64_t>(std::ceil((value - offset_) / step_ - 1e-12));
  }

  std::vector<Atom> atoms_;
  double step_;
  double offset_;
  std::vector<Group> groups_;
  Rest rest_;
};

/// Mass of the cells at the value of the first, or within a step of it.
double mass_at_front(const std::vector<LossCell>& cells, double step) {
  double sum = 0;
  for (std::size_t i = 0; i < cells.size() && cells[i].loss - cells.front().loss < step; ++i) sum += cells[i].mass;
  return sum;
}

double mass_at_back(const std::vector<LossCell>& cells, double step) {
  double sum = 0;
  for (std::size_t i = cells.size(); i > 0 && cells.back().loss - cells[i - 1].loss < step; --i) {
    sum += cells[i - 1].mass;
  }
  return sum;
}

/// How many cells in a row, of those that `cell(i)` names, hardly matter after tilting.
template <class Cell>
std::size_t count_negligible(std::size_t cells, const LossGrid& grid, const Cell& cell) {
  const double limit = 0.01 * grid.step * std::max(grid.tilt, 1.0);
  double sum = 0;
  for (std::size_t i = 0; i + 1 < cells; ++i) {
    sum += cell(i).mass * std::exp(grid.tilt * cell(i).loss - grid.log_tilted_total);
    if (sum > limit) return i;
  }
  return 0;
}

/// The ratio of the first atoms together, for that number of them after which groups one step wide go on best.
double first_node(const std::vector<Atom>& atoms, double step) {
  double mass = 0;
  double other = 0;  // mass exp(first value - value)
  double best = atoms[0].value;
  double best_fault = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 1 < atoms.size() && atoms[i].value - atoms[0].value < 8 * step; ++i) {
    mass += atoms[i].mass;
    other += atoms[i].mass * std::exp(atoms[0].value - atoms[i].value);
    const double ratio = atoms[0].value - std::log(other / mass);
    const double border = 0.5 * (atoms[i].value + atoms[i + 1].value);
    const double fault = std::fabs(border - 0.5 * step - ratio);
    if (fault < best_fault) {
      best_fault = fault;
      best = ratio;
    }
  }
  return best;
}

/// Where the first node of a merge from below should be: at a loss that all of the first cell has, in the middle of the
/// first step where cells before it were left away, else at the ratio of a good first group.
double first_node(const LossCell& first, bool is_end, double middle, const std::vector<Atom>& atoms, double step) {
  if (first.low == first.high) return atoms[0].value;
  return is_end ? first_node(atoms, step) : middle;
}

void round_down(LatticeLoss& lattice, const LossCell& cell) {
  add(lattice, static_cast<std::int64_t>(std::floor((cell.loss - lattice.offset) / lattice.step)), cell.mass);
}

LatticeLoss merged_from_below(const std::vector<LossCell>& cells, const LossGrid& grid) {
  const std::size_t start = count_negligible(cells.size(), grid, [&](std::size_t i) { return cells[i]; });
  std::vector<Atom> atoms;
  atoms.reserve(cells.size() - start);
  for (std::size_t i = start; i < cells.size(); ++i) atoms.push_back({cells[i].mass, cells[i].loss});
  LatticeLoss lattice{.step = grid.step,
                      .offset = first_node(cells[start], start == 0, grid.edge(cells[start].low + 1), atoms, grid.step),
                      .nodes = {}};
  for (std::size_t i = 0; i < start; ++i) round_down(lattice, cells[i]);
  const Merger merger(std::move(atoms), grid.step, lattice.offset);
  for (const Merger::Group& group : merger.groups()) add(lattice, group.index, group.mass);
  // What is left lies between two nodes: it goes down to the lower one.
  add(lattice, merger.rest().index - 1, merger.rest().mass);
  return lattice;
}

LatticeLoss merged_from_above(const std::vector<LossCell>& cells, const LossGrid& grid) {
  const std::size_t last = cells.size() - 1;
  const std::size_t start = count_negligible(cells.size(), grid, [&](std::size_t i) { return cells[last - i]; });
  std::vector<Atom> atoms;  // P and Q exchanged
  atoms.reserve(cells.size() - start);
  for (std::size_t i = start; i < cells.size(); ++i) {
    const LossCell& cell = cells[last - i];
    atoms.push_back({cell.mass * std::exp(-cell.loss), -cell.loss});
  }
  const LossCell& first = cells[last - start];
  LatticeLoss lattice{.step = grid.step,
                      .offset = -first_node(first, start == 0, -grid.edge(first.high - 1), atoms, grid.step),
                      .nodes = {}};
  const Merger merger(std::move(atoms), grid.step, -lattice.offset);
  const auto& groups = merger.groups();
  // What is left has a loss above its node: P of it goes down to there.
  const Merger::Rest& rest = merger.rest();
  add(lattice, -rest.index, (rest.mass - rest.balance) * std::exp(lattice.loss(-rest.index)));
  for (std::size_t i = groups.size(); i > 0; --i) {
    add(lattice, -groups[i - 1].index, groups[i - 1].mass * std::exp(lattice.loss(-groups[i - 1].index)));
  }
  for (std::size_t i = start; i > 0; --i) round_down(lattice, cells[last - (i - 1)]);
  return lattice;
}

}  // namespace

LatticeLoss dominating_lattice(const LossCells& cells, const LossGrid& grid) {
  LatticeLoss lattice{.step = grid.step, .offset = grid.offset, .nodes = {}, .infinite = cells.infinite};
  lattice.nodes.reserve(cells.cells.size() + 1);
  lattice.infinite += cells.cut_above;
  if (!cells.cells.empty()) add(lattice, node_at_or_above(cells.cells.front().low), cells.cut_below);
  for (const LossCell& cell : cells.cells) {
    const std::int64_t below = node_at_or_below(cell.low);
    const std::int64_t above = node_at_or_above(cell.high);
    if (below == above) {
      add(lattice, below, cell.mass);
      continue;
    }
    const double width = lattice.loss(above) - lattice.loss(below);
    const double share = std::clamp(std::expm1(lattice.loss(below) - cell.loss) / std::expm1(-width), 0.0, 1.0);
    add(lattice, below, cell.mass * (1 - share));
    add(lattice, above, cell.mass * share);
  }
  return lattice;
}

LatticeLoss dominated_lattice(const LossCells& cells, const LossGrid& grid) {
  if (cells.cells.empty()) return {.step = grid.step, .offset = 0, .nodes = {}, .infinite = cells.infinite};
  LatticeLoss lattice = mass_at_front(cells.cells, grid.step) >= mass_at_back(cells.cells, grid.step)
                            ? merged_from_below(cells.cells, grid)
                            : merged_from_above(cells.cells, grid);
  lattice.infinite = cells.infinite;
  return lattice;
}

}  // namespace dpml
