#pragma once

#include <optional>
#include <vector>

#include "coarse_pld.h"
#include "composed_pld.h"
#include "dpml/accounting/interval.h"
#include "jump_plan.h"

namespace dpml::pld {

/// One direction of a composition: finds tilts and grid for a question, and answers it with an interval.
class PrivacyProfile {
 public:
  explicit PrivacyProfile(std::vector<CountedPair> phases);

  /// An interval of epsilon at delta, refined until it is narrower than `relative_gap` of its upper end, the grid is as
  /// fine as it may be, or the budget does not allow more. `coarsening` widens the first grid, which is the last one
  /// then.
  Interval epsilon(double log_delta, double relative_gap, WorkBudget& budget, double coarsening = 1);

  /// An interval of log(delta) at epsilon, until delta is known to `relative_gap`.
  Interval log_delta(double epsilon, double relative_gap, WorkBudget& budget, double coarsening = 1);

  /// The largest loss that all releases can have together: at that epsilon, and above, delta is 0.
  Interval largest_sum() const;

  /// What the answers would be about: the conversion of Renyi differential privacy (rdp_accountant.h) on a coarse look
  /// at the pairs, so usually a little too large.
  double guess_epsilon(double log_delta);
  double guess_log_delta(double epsilon);

 private:
  struct Guess {
    double asked;
    double guessed;
    double tilt;  // near the saddle point of the question
  };
  /// A plan with the grid that it begins with.
  struct Attempt {
    JumpPlan plan;
    double relative_error;
    double step;
    double cut;  // of the mass that a pair may leave out
  };

  /// Releases that are as good as free: what all of them together lose at most, but for a chance. That they tell
  /// everything is counted from both sides.
  struct Free {
    bool is_any = false;
    double loss = 0;
    double log_finite = 0;        // log of the chance that they lose no more, rounded down
    double log_finite_below = 0;  // of the chance that they do not tell everything, rounded up
  };

  void require_few_releases() const;
  double log_infinite() const;
  double cut_at(double log_mass) const;
  void look(double log_delta);
  void set_free(double wanted, double log_delta);
  double excess_of_guess(double tilt) const;
  double without_tear(double epsilon, double log_delta, double tilt) const;
  Attempt attempt_epsilon(double epsilon, double log_delta, double tilt, double slope, double relative_gap) const;
  Attempt attempt_log_delta(double epsilon, double log_delta, double tilt, double relative_gap) const;
  double usable_step(double step) const;
  LossGrid grid_of(const Attempt& attempt, std::size_t phase, double step) const;
  double affordable_points(const Attempt& attempt, double most_points, const WorkBudget& budget) const;
  double work_of_lattices(const Attempt& attempt, double step) const;
  ComposedPld compose(const Attempt& attempt, double step, double most_points, WorkBudget& budget) const;

  template <class Ask, class Fault, class Refocus, class Epsilon>
  Interval refine(Attempt attempt, double most_points, WorkBudget& budget, const Ask& ask, const Fault& fault,
                  const Refocus& refocus, const Epsilon& epsilon);

  std::vector<CountedPair> phases_;
  std::vector<double> counts_;
  CoarsePld looks_;
  Free free_;
  std::optional<Guess> guess_epsilon_;
  std::optional<Guess> guess_log_delta_;
};

}  // namespace dpml::pld
