#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lattice_loss.h"

namespace dpml {

/// One kind of release of a composition: its loss on the lattice, from both sides, and how often it happens.
struct ComposedPhase {
  LatticeLoss dominating;
  LatticeLoss dominated;
  double count;
};

/// Privacy profile of a composition, for epsilons near the one it was made for.
///
/// Both sides are tilted by exp(tilt * loss) and normalised, transformed together (as real and imaginary part), raised
/// to their counts, multiplied and transformed back. With W the result, K the cumulant at the tilt and l the loss,
///   delta(epsilon) = P(infinite) + exp(K - tilt * epsilon) * D(epsilon),
///   D(epsilon) = sum over l > epsilon of W(l) exp(-tilt (l - epsilon)) (1 - exp(-(l - epsilon))),
/// so that errors are relative to delta, however small it is. Counted in are: mass that wraps around (Chernoff's bound
/// at the same cumulant); the rounding of the transforms, at most kTransformError * log2(N) relatively in the Euclidean
/// norm (Higham 2002, Theorem 24.2) and what powers make of it; and a relative error of each step's masses and losses.
class LossComposition {
 public:
  /// The window leaves out exp(log_outside) of the tilted mass at either end. Nothing when it would need more than
  /// `most_points`. All lattices have the same step, tilt >= 0.
  static std::optional<LossComposition> make(const std::vector<ComposedPhase>& phases, double tilt, double log_outside,
                                             std::size_t most_points);

  /// log of a delta that holds at epsilon, and of one below which none holds.
  double log_delta_upper(double epsilon) const { return upper_.log_delta(epsilon, tilt_); }
  double log_delta_lower(double epsilon) const { return lower_.log_delta(epsilon, tilt_); }

  /// Smallest epsilon >= 0 for which log_delta_... <= log_delta, up to rounding to the safe side.
  double epsilon_upper(double log_delta) const;
  double epsilon_lower(double log_delta) const;

  std::size_t points() const { return points_; }

 private:
  struct Side {
    bool is_upper;
    double step = 0;
    double origin = 0;                  // loss of the first point of the window
    double log_infinite = 0;            // log P(infinite)
    double cumulant = 0;                // K
    double relative = 0;                // error of D, relative
    double absolute = 0;                // error of D, absolute
    std::vector<double> tail;           // [s] = sum over s' >= s of W exp(-tilt (l' - l))
    std::vector<double> tail_one_more;  // the same with tilt + 1

    double log_delta(double epsilon, double tilt) const;
    double top() const { return origin + step * static_cast<double>(tail.size()); }
  };

  double tilt_ = 0;
  std::size_t points_ = 0;
  Side upper_{.is_upper = true, .tail = {}, .tail_one_more = {}};
  Side lower_{.is_upper = false, .tail = {}, .tail_one_more = {}};
};

}  // namespace dpml
