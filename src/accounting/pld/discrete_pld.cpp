#include "discrete_pld.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace dpml::pld {

namespace {

constexpr double kNegligible = 0.01;  // of the tilted mass, and of what is lost of it, in steps times the tilt

void add(DiscretePld& lattice, std::int64_t index, double mass) {
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

/// Atoms merged from the left to groups for nodes. An atom is split where only a part of it is needed.
struct Group {
  std::int64_t index;
  double mass;
  double balance;        ///< sum of mass (1 - exp(node - value)): 0, or negative where the group stays below its node
  std::size_t first;     ///< atom, and
  double mass_of_first;  ///< what the group has of it; of those up to `end` it has all when it stays below
  std::size_t end;
};

/// A group stays below its node when the atoms end, or when it would swallow a whole one that is further above than
/// kFurthest steps: what little there is in a tail must not be used up for lifting the bulk a little.
std::vector<Group> merge(const std::vector<Atom>& atoms, double step, double offset) {
  constexpr double kFurthest = 2;
  std::vector<Group> groups;
  groups.reserve(atoms.size());
  std::size_t at = 0;
  double rest = atoms[0].mass;
  std::int64_t index = 0;
  while (at < atoms.size()) {
    index = std::max(index, static_cast<std::int64_t>(std::ceil((atoms[at].value - offset) / step - 1e-12)));
    const double node = offset + step * static_cast<double>(index);
    Group group{index, 0, 0, at, rest, at};
    while (at < atoms.size()) {
      const double change = -rest * std::expm1(node - atoms[at].value);
      if (group.balance + change <= 0) {
        if (atoms[at].value > node + kFurthest * step) break;
        group.balance += change;
        group.mass += rest;
        ++at;
        rest = at < atoms.size() ? atoms[at].mass : 0;
        if (group.balance == 0) break;
      } else {
        const double part = -group.balance / change;
        group.mass += part * rest;
        rest *= 1 - part;
        group.balance = 0;
        break;
      }
    }
    group.end = at;
    groups.push_back(group);
    ++index;
  }
  return groups;
}

/// Mass of the cells within a step of the first, or of the last.
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
  const double limit = kNegligible * grid.step * std::max(grid.largest_tilt(), 1.0);
  double sum = 0;
  for (std::size_t i = 0; i + 1 < cells; ++i) {
    sum += cell(i).mass * std::exp(grid.log_weight(cell(i).loss));
    if (sum > limit) return i;
  }
  return 0;
}

/// The ratio of the first atoms together, for that number of them after which the next atom is as near as can be to the
/// given part of a step above it. Where masses hardly change over a step, groups one step wide go on after half a step.
double first_node(const std::vector<Atom>& atoms, double step, double part_of_step) {
  double mass = 0;
  double other = 0;  // mass exp(first value - value)
  double best = atoms[0].value;
  double best_fault = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 1 < atoms.size() && atoms[i].value - atoms[0].value < 8 * step; ++i) {
    mass += atoms[i].mass;
    other += atoms[i].mass * std::exp(atoms[0].value - atoms[i].value);
    const double ratio = atoms[0].value - std::log(other / mass);
    const double border = 0.5 * (atoms[i].value + atoms[i + 1].value);
    const double fault = std::fabs(border - part_of_step * step - ratio);
    if (fault < best_fault) {
      best_fault = fault;
      best = ratio;
    }
  }
  return best;
}

/// Groups with the offset of their nodes.
struct Merged {
  double offset;
  std::vector<Group> groups;
};

/// How much the groups that do not come out even lose: mass times loss, under the weights.
template <class Weight>
double lost(const Merged& merged, const Weight& log_weight) {
  double sum = 0;
  for (const Group& group : merged.groups) {
    if (group.balance < 0) sum -= group.balance * std::exp(log_weight(group));
  }
  return sum;
}

/// Groups from the first atom on. Where the first node should be: at the first atom when all of its cell has one loss;
/// `middle` of the first step where cells before it were left away; else at the ratio of a first group after which
/// little is lost. `log_weight` is how much a group's loss matters.
template <class Weight>
Merged merge_from(const LossCell& first, bool is_end, double middle, const std::vector<Atom>& atoms,
                  const LossGrid& grid, const Weight& log_weight) {
  const double step = grid.step;
  if (first.low == first.high) return {atoms[0].value, merge(atoms, step, atoms[0].value)};
  if (!is_end) return {middle, merge(atoms, step, middle)};
  const double allowed = kNegligible * step * step * std::max(grid.largest_tilt(), 1.0);
  Merged best{0, {}};
  double least = std::numeric_limits<double>::infinity();
  for (const double part : {0.5, 0.65, 0.8, 0.9, 0.97, 0.3}) {
    const double offset = first_node(atoms, step, part);
    Merged tried{offset, merge(atoms, step, offset)};
    const double loses = lost(tried, log_weight);
    if (loses >= least) continue;
    least = loses;
    best = std::move(tried);
    if (least <= allowed) break;
  }
  return best;
}

void round_down(DiscretePld& lattice, double mass, double loss) {
  add(lattice, static_cast<std::int64_t>(std::floor((loss - lattice.offset) / lattice.step)), mass);
}

/// Of a group that stays below its node, the smallest losses go down, so that what is left comes out even.
void round_some_down(DiscretePld& lattice, Group group, const std::vector<Atom>& atoms) {
  const double node = lattice.loss(group.index);
  for (std::size_t i = group.first; i < group.end && group.balance < 0; ++i) {
    const double mass = i == group.first ? group.mass_of_first : atoms[i].mass;
    const double change = -mass * std::expm1(node - atoms[i].value);
    if (!(change < 0)) break;  // rounding: all that is below the node has gone
    const double part = std::min(1.0, group.balance / change);
    round_down(lattice, part * mass, atoms[i].value);
    group.mass -= part * mass;
    group.balance -= part * change;
  }
  // What rounding leaves of a group that has gone as a whole is not there.
  if (group.mass > 0 && group.end > group.first && atoms[group.end - 1].value > node) {
    add(lattice, group.index, group.mass);
  }
}

DiscretePld merged_from_below(const std::vector<LossCell>& cells, const LossGrid& grid) {
  const std::size_t start = count_negligible(cells.size(), grid, [&](std::size_t i) { return cells[i]; });
  std::vector<Atom> atoms;
  atoms.reserve(cells.size() - start);
  for (std::size_t i = start; i < cells.size(); ++i) atoms.push_back({cells[i].mass, cells[i].loss});
  const Merged merged = merge_from(cells[start], start == 0, grid.edge(cells[start].low + 1), atoms, grid,
                                   [&](const Group& group) { return grid.log_weight(atoms[group.first].value); });
  DiscretePld lattice{.step = grid.step, .offset = merged.offset, .nodes = {}};
  for (std::size_t i = 0; i < start; ++i) round_down(lattice, cells[i].mass, cells[i].loss);
  for (const Group& group : merged.groups) {
    if (group.balance < 0) {
      round_some_down(lattice, group, atoms);
    } else {
      add(lattice, group.index, group.mass);
    }
  }
  return lattice;
}

DiscretePld merged_from_above(const std::vector<LossCell>& cells, const LossGrid& grid) {
  const std::size_t last = cells.size() - 1;
  const std::size_t start = count_negligible(cells.size(), grid, [&](std::size_t i) { return cells[last - i]; });
  std::vector<Atom> atoms;  // P and Q exchanged
  atoms.reserve(cells.size() - start);
  for (std::size_t i = start; i < cells.size(); ++i) {
    const LossCell& cell = cells[last - i];
    atoms.push_back({std::exp(std::log(cell.mass) - cell.loss), -cell.loss});  // exp(-loss) alone may overflow
  }
  const LossCell& first = cells[last - start];
  const Merged merged = merge_from(first, start == 0, -grid.edge(first.high - 1), atoms, grid, [&](const Group& group) {
    const double loss = -atoms[group.first].value;
    return loss + grid.log_weight(loss);
  });
  DiscretePld lattice{.step = grid.step, .offset = -merged.offset, .nodes = {}};
  const std::vector<Group>& groups = merged.groups;
  for (std::size_t i = groups.size(); i > 0; --i) {
    // P of the group, which is at the node's loss or, where the balance is not even, above it.
    const Group& group = groups[i - 1];
    add(lattice, -group.index, (group.mass - group.balance) * std::exp(lattice.loss(-group.index)));
  }
  for (std::size_t i = start; i > 0; --i) {
    round_down(lattice, cells[last - (i - 1)].mass, cells[last - (i - 1)].loss);
  }
  return lattice;
}

}  // namespace

DiscretePld dominating_pld(const LossCells& cells, const LossGrid& grid) {
  DiscretePld lattice{.step = grid.step, .offset = grid.offset, .nodes = {}, .infinite = cells.infinite};
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

DiscretePld dominated_pld(const LossCells& cells, const LossGrid& grid) {
  if (cells.cells.empty()) return {.step = grid.step, .offset = 0, .nodes = {}, .infinite = cells.infinite};
  DiscretePld lattice = mass_at_front(cells.cells, grid.step) >= mass_at_back(cells.cells, grid.step)
                            ? merged_from_below(cells.cells, grid)
                            : merged_from_above(cells.cells, grid);
  lattice.infinite = cells.infinite;
  return lattice;
}

}  // namespace dpml::pld
