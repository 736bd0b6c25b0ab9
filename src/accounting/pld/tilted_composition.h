#pragma once

#include <complex>
#include <cstdint>
#include <limits>
#include <vector>

#include "composed_masses.h"
#include "tilted_pld.h"
#include "work_budget.h"

namespace dpml::pld {

/// By how much the tilted mass of `count` releases may be wrong, relatively: their masses and exponents are rounded.
double relative_error(const TiltedPld& lattice, double count, double tilt);

/// The finite losses of a composition, for epsilons near the one it was made for, from one side.
///
/// It is tilted by exp(tilt * loss) and normalised, and its Fourier coefficients are raised to their counts and
/// multiplied. With W the masses they belong to, K the cumulant at the tilt and l the loss,
///   delta(epsilon) = exp(K - tilt * epsilon) * D(epsilon),
///   D(epsilon) = sum over l > epsilon of W(l) exp(-tilt (l - epsilon)) (1 - exp(-(l - epsilon))),
/// so that errors are relative to delta, however small it is. Counted in are: mass that wraps around (Chernoff's bound
/// at the same cumulant); rounding (composed_masses.h); a relative error of each step's masses; and an error of its
/// losses, by which epsilon is moved to the safe side.
class TiltedComposition {
 public:
  enum class Side { above, below };

  /// How D is found. The window leaves out exp(log_outside) of the tilted mass at either end. Where its masses are not
  /// smooth and more than `most_points`, or none are wanted, there is only Chernoff's bound.
  struct Window {
    double tilt;  ///< > 0
    double log_outside;
    double most_points;
  };

  /// All lattices have the same step. What the budget does not allow is not done.
  TiltedComposition(Side side, const std::vector<CountedPld>& parts, const Window& window, WorkBudget& budget);

  /// log(delta) at epsilon; -infinity from below where nothing is known.
  double log_delta(double epsilon, bool counts_errors = true) const;

  /// D from above, and the errors in it: by what is outside of the window, and by rounding.
  struct Errors {
    double of = 0;
    double outside = 0;
    double rounding = 0;
  };
  Errors errors(double epsilon) const;

  bool has_masses() const { return points_ > 0 || is_nothing(); }
  double wanted_points() const { return wanted_points_; }  ///< of the window
  double step() const { return step_; }
  double bottom() const { return origin_; }  ///< of the window
  double top() const { return origin_ + step_ * points_; }

 private:
  std::vector<CountedTiltedPld> tilt_all(const std::vector<CountedPld>& parts);
  void take(Spectrum smooth, double many);
  void take(ComposedMasses masses);
  double factor_sum(double many) const;
  double rounding_of(const ComposedMasses& masses) const;
  double smooth_sum(double place, double gap) const;  // D from the coefficients
  double sum_above(double epsilon) const;             // D
  bool is_nothing() const { return log_total_ == -std::numeric_limits<double>::infinity(); }

  Side side_;
  double tilt_;
  double step_ = 0;
  double centre_ = 0;          // loss of place 0
  double origin_ = 0;          // loss of the first point of the window
  double cumulant_ = 0;        // K
  double log_total_ = 0;       // log of P of all that is here
  double largest_sum_ = 0;     // of all losses
  double largest_factor_ = 0;  // of W in D
  double loss_error_ = 0;      // of the sum of all releases
  double relative_ = 0;        // error of D, relative
  double outside_ = 0;         // error of D by what is outside of the window
  double rounding_ = 0;        // error of D, absolute
  double wanted_points_ = 0;   // of the window
  double points_ = 0;          // of the window; 0 when there are no masses

  // The masses: as sums from the top, or as Fourier coefficients.
  std::vector<double> tail_;        // [s] = sum over s' >= s of W exp(-tilt (l' - l))
  std::vector<double> tail_above_;  // the same with another factor 1 - exp(-(l' - l))
  std::vector<std::complex<double>> coefficients_;
  std::int64_t first_ = 0;  // place of the first point
};

}  // namespace dpml::pld
