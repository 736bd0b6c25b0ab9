#pragma once

#include <limits>
#include <vector>

#include "discrete_pld.h"
#include "tilted_composition.h"

namespace dpml::pld {

/// One kind of release of a composition: its loss on the lattice, from both sides, and how often it happens.
struct CountedPlds {
  DiscretePld dominating;
  DiscretePld dominated;
  double count;
};

/// How a composition is taken apart: by how many releases of each phase "jump", that is, have a loss above a threshold,
/// and above which of several. Given that, there is a tilt for which the sum is likely near epsilon, which there is not
/// in all cases for the whole: where one release decides and the tail of its loss falls slower than any exponential, a
/// tilted sum is nearly certain to be far below epsilon or far above.
struct JumpSplit {
  std::vector<double> thresholds;  ///< ascending: jumps of class c are those above thresholds[c], up to the next one
  std::vector<bool> is_split;      ///< by phase; the others are kept as a whole. Empty: none is split

  bool splits(std::size_t phase) const { return phase < is_split.size() && is_split[phase]; }
  std::size_t classes() const { return thresholds.size(); }
  double from(std::size_t of_class) const { return thresholds[of_class]; }
  double to(std::size_t of_class) const {
    return of_class + 1 < classes() ? thresholds[of_class + 1] : std::numeric_limits<double>::infinity();
  }
};

/// The event that so many releases of each phase that is split jump, and how to find its part of delta.
struct JumpTerm {
  std::vector<double> jumps;  ///< by phase and class: [phase * classes + class]; 0 for phases that are not split.
                              ///< Empty: 0 for all
  double tilt;                ///< > 0
  double log_outside;         ///< the window leaves out exp(log_outside) of the tilted mass at either end
  bool is_counted = true;     ///< false: from above by Chernoff's bound, from below by nothing
};

/// All that the terms leave out: that more than `jumps` releases jump. Bounded from above, at a tilt >= 0.
struct JumpRemainder {
  double jumps;
  double tilt;
};

/// What releases of each phase are, given the term, on that side.
std::vector<CountedPld> parts_of(const std::vector<CountedPlds>& phases, DiscretePld CountedPlds::*side,
                                 const JumpSplit& split, const JumpTerm& term);

/// In how many ways releases may jump: log of the product of multinomial coefficients, -infinity for none.
double log_ways(const std::vector<double>& counts, const JumpSplit& split, const std::vector<double>& jumps);

/// Privacy profile of a composition, for epsilons near the one it was made for: delta is P(infinite) plus, for each
/// term, the number of ways times what TiltedComposition finds.
class ComposedPld {
 public:
  /// Windows with more than `most_points` points are not transformed.
  ComposedPld(const std::vector<CountedPlds>& phases, const JumpSplit& split, const std::vector<JumpTerm>& terms,
              const JumpRemainder& remainder, double most_points, WorkBudget& budget);
  /// Nothing is split.
  ComposedPld(const std::vector<CountedPlds>& phases, double tilt, double log_outside, double most_points,
              WorkBudget& budget);

  /// How many points the largest window should have, where one has no masses.
  double wanted_points() const;
  bool has_masses() const;  ///< of all terms that are counted

  /// What is wrong with delta from above, relative to what is counted of it: by what is outside of the windows, by
  /// rounding, and by what is only bounded.
  struct Errors {
    double outside;
    double rounding;
    double bounded;
  };
  Errors errors(double epsilon) const;

  /// How fast -log(delta) grows with epsilon, roughly.
  double slope(double epsilon) const;

  /// log of a delta that holds at epsilon, and of one below which none holds.
  double log_delta_upper(double epsilon) const { return log_delta_from_above(epsilon, true); }
  double log_delta_lower(double epsilon) const;

  /// Smallest epsilon >= 0 for which log_delta_... <= log_delta, up to rounding to the safe side.
  double epsilon_upper(double log_delta) const;
  double epsilon_lower(double log_delta) const;

  /// The same from above, if nothing were outside of the windows, nothing rounded, and what is only bounded were 0.
  double epsilon_guess(double log_delta) const;

 private:
  struct Term {
    double log_ways;
    bool is_counted;
    double tilt;
    TiltedComposition above;
    TiltedComposition below;
  };

  double log_delta_from_above(double epsilon, bool is_certain) const;
  double epsilon_from_above(double log_delta, bool is_certain) const;
  double log_remainder(double epsilon) const;

  std::vector<Term> terms_;
  double log_infinite_above_;
  double log_infinite_below_;
  double remainder_constant_ = -std::numeric_limits<double>::infinity();  // of log_remainder
  double remainder_tilt_ = 0;
};

}  // namespace dpml::pld
