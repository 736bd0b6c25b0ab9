#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "dpml/accounting/interval.h"

namespace dpml::pld {

// A pair of distributions (P, Q) that dominates what a release gives on two neighbouring datasets; its privacy loss is
// log(P / Q) under P. Everything here is about one direction; the other one is another pair.

/// Outcomes of a pair, merged to one: what is left is a pair that is dominated by the original one.
struct LossCell {
  double mass;        ///< P of the outcomes
  double loss;        ///< log(P / Q) of the outcomes together
  std::int64_t low;   ///< loss of every single outcome lies between these edges of the grid
  std::int64_t high;  ///< >= low; equal when all lie on the edge
};

/// How much an outcome matters to an answer that is found after tilting: exp(tilt * loss - log_total) times its mass,
/// for losses in (from, to].
struct LossWeight {
  double tilt = 0;
  double log_total = 0;  ///< log E_P[exp(tilt * loss)], roughly
  double from = -std::numeric_limits<double>::infinity();
  double to = std::numeric_limits<double>::infinity();
};

/// Edges offset + k * step / 2 of the loss axis. Every second one is a node, at which a DiscretePld may have mass.
struct LossGrid {
  double step;
  double offset = 0;
  std::vector<LossWeight> weights = {{}};  ///< the largest one counts; cells may be wide where they matter little

  double edge(std::int64_t index) const { return offset + 0.5 * step * static_cast<double>(index); }

  double log_weight(double loss) const {
    double largest = -std::numeric_limits<double>::infinity();
    for (const LossWeight& weight : weights) {
      if (loss > weight.from && loss <= weight.to) largest = std::max(largest, weight.tilt * loss - weight.log_total);
    }
    return largest;
  }
  double largest_tilt() const {
    double largest = 0;
    for (const LossWeight& weight : weights) largest = std::max(largest, weight.tilt);
    return largest;
  }
};

/// A cell may be w half steps wide where its weight times w^2 is at most this: then they move the answer by
/// little compared with the grid. Found with scripts/sweep_accountant.sh.
inline constexpr double kSmallWeight = 2e-5;

/// The logarithm of what a pair may leave out is at least this: doubles end at -708, and what is left out is
/// multiplied.
inline constexpr double kLeastLogCut = -640;

/// How near to an edge of the grid losses of a common spacing come out, relative to them: within four units of the last
/// place.
inline constexpr double kOnTheEdge = 1e-15;

/// P of a pair, in order of the loss.
struct LossCells {
  std::vector<LossCell> cells;
  double infinite = 0;   ///< P of outcomes that Q never gives
  double cut_above = 0;  ///< P of outcomes left out, whose loss is above the last cell
  double cut_below = 0;  ///< P of outcomes left out, whose loss is below the first cell
};

class DominatingPair {
 public:
  virtual ~DominatingPair() = default;

  /// All outcomes but those of mass at most `cut` at either end, in cells that end at edges of the grid.
  virtual LossCells cells(const LossGrid& grid, double cut) const = 0;

  /// The same in a few hundred cells, whatever their edges: good to a percent, for finding a grid.
  virtual LossCells probe(double cut) const = 0;

  /// How large losses usually are, and how large some are: about the same for like pairs, and quickly found.
  struct Likeness {
    double usual;
    double large;
  };
  virtual Likeness likeness() const = 0;

  /// About how many cells there are on a grid, and what it takes to make one (work_budget.h). `wide` is how many there
  /// are where cells that matter little are wide (CoarsePld).
  virtual double many_cells(const LossGrid& grid, double wide) const = 0;
  virtual double work_of_cell() const = 0;

  /// Where both ends of the losses have mass at a + k * spacing, for a smallest loss a and integers k: that spacing,
  /// else 0.
  virtual double spacing() const { return 0; }
  /// Are cells of a grid with that step, and an edge at the smallest loss, exact?
  virtual bool has_only_spaced_losses() const { return false; }
  /// The largest loss that an outcome has; +infinity where there is none.
  virtual Interval largest_loss() const {
    return {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  }
  /// P of outcomes that Q never gives, for certain.
  virtual double infinite() const { return 0; }
  /// Finer grids would have too many cells.
  virtual double least_step() const { return 0; }
  virtual double smallest_loss() const { return -std::numeric_limits<double>::infinity(); }
};

}  // namespace dpml::pld
