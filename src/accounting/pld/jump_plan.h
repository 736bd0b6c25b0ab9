#pragma once

#include <vector>

#include "coarse_pld.h"
#include "composed_pld.h"
#include "numerics/minimise.h"

namespace dpml::pld {

/// In standard deviations of the loss. Closer to 0 than that, epsilon is asked for no more precisely than there.
inline constexpr double kSmallEpsilon = 0.02;

/// What is asked of a composition, as far as it is known: delta is about exp(log_delta) at epsilon.
struct Focus {
  double epsilon;
  double log_delta;
  double relative_error;  ///< that delta may have
};

/// How a composition is to be found near a focus: whether it is taken apart by jumps (composed_pld.h), at which
/// tilts, in which windows, and on which grid. All from coarse looks: a bad plan gives a wide interval, never a wrong
/// one.
class JumpPlan {
 public:
  /// `tilt` is the one at the saddle point of the whole sum, or above it.
  JumpPlan(const CoarsePld& looks, const std::vector<double>& counts, const Focus& focus, double tilt);

  const JumpSplit& split() const { return split_; }
  /// For the lattices that were made for the plan.
  std::vector<JumpTerm> terms(const std::vector<CountedPlds>& phases) const;
  const JumpRemainder& remainder() const { return remainder_; }

  /// How many terms need a window.
  double windows() const;

  /// How much cells of a phase matter, for LossGrid.
  std::vector<LossWeight> weights(const CoarsePld& looks, std::size_t phase) const;

  /// A step with which delta is right to the focus' relative error, where -log(delta) falls at this slope, and epsilon
  /// to `gap`.
  double first_step(double gap, double slope) const;

  /// Windows that leave out less, by that factor in the logarithm.
  void widen(double less);
  /// All terms are counted, and not only bounded. False when they were, and when nothing is taken apart.
  bool count_more();

 private:
  struct Term {
    std::vector<double> jumps;  // as in JumpTerm
    double log_ways;
    CoarsePld looks;
    double log_share = 0;  // log of its part of delta
    bool is_counted = true;
    double tilt = 1;         // at its saddle point
    double used_tilt = 1;    // the one with the narrowest window
    double log_asked = 0;    // log of the part of its tilted mass that the answer consists of
    double log_outside = 0;  // log of its tilted mass that may be outside of the window, at either end
  };

  bool is_unlikely(const Term& term) const;
  double width() const;
  void take_apart(const CoarsePld& looks, std::size_t classes);
  bool stays_torn(const CoarsePld& looks) const;
  void choose_most_jumps(const CoarsePld& looks);
  numerics::Minimum bound_of_remainder(const CoarsePld& looks) const;
  void aim(Term& term, double tilt);

  std::vector<double> counts_;
  Focus focus_;
  JumpSplit split_;
  std::vector<Term> terms_;
  JumpRemainder remainder_{0, 0};
};

}  // namespace dpml::pld
