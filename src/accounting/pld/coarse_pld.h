#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "dominating_pair.h"

namespace dpml::pld {

struct CountedPair {
  std::shared_ptr<const DominatingPair> pair;
  double count;
};

/// Coarse looks at the pairs of a composition: good to a percent, for finding tilts and a grid, never for an answer.
/// Where a tilt is given, all is under exp(tilt * loss) P, normalised.
class CoarsePld {
 public:
  CoarsePld() = default;
  /// Every pair may leave out `cut` of its mass at either end. Of many phases like ones share a look.
  CoarsePld(const std::vector<CountedPair>& phases, double cut);

  /// Has every phase a look of its own?
  bool is_detailed() const { return looks_.size() == look_of_.size(); }

  /// The event that so many releases of each phase, and no others, have a loss in (from, to]; the others have a loss of
  /// at most `staying`. Phases without a class of jumps are kept as a whole. Masses sum to the chance of it in
  /// one way.
  struct Jumps {
    std::size_t phase;
    double from;
    double to;
    double count;
  };
  CoarsePld given_jumps(double staying, const std::vector<bool>& is_split, const std::vector<Jumps>& jumps) const;

  struct Moments {
    double cumulant;  ///< log E[exp(tilt * loss)], over the outcomes that are asked for
    double mean;
    double variance;
  };
  /// Of one release of a phase, when nothing is given, with a loss in (from, to].
  Moments of_one(std::size_t phase, double from, double to, double tilt) const;

  /// log E[exp(tilt * loss)] of the sum of all releases.
  double cumulant(double tilt) const;

  /// Of the sum of all releases.
  double mean(double tilt) const;
  double variance(double tilt) const;

  double count() const;
  double largest_loss() const;  ///< of one release, in absolute value
  double largest_loss(std::size_t phase) const { return largest_of(looks_[look_of_[phase]]); }

  /// About how wide a window is that leaves out exp(log_outside) at either end of the sum.
  double window(double tilt, double log_outside) const;

  /// How often a loss is further than `distance` from 0.
  double moves(double tilt, double distance) const;

  /// The largest step below `most` with which a grid adds at most `allowed` to the variance of the sum. It adds the
  /// product of a loss's distances to the nodes around it: step^2 / 6 on average, but less than |loss| step near the
  /// node at 0, where rarely sampled units mostly are.
  double step_that_adds(double tilt, double allowed, double most) const;

  /// About how many cells a phase has on a grid where those that matter little are wide, when nothing is given.
  double many_cells(std::size_t phase, const LossGrid& grid) const;

 private:
  struct Look {
    std::vector<double> log_masses;
    std::vector<double> losses;
    double count;
  };
  static double largest_of(const Look& look);
  static Moments moments(const Look& look, double tilt, double from = -std::numeric_limits<double>::infinity(),
                         double to = std::numeric_limits<double>::infinity());

  std::vector<Look> looks_;
  std::vector<std::size_t> look_of_;  // by phase
};

}  // namespace dpml::pld
