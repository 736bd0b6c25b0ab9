#pragma once

#include <vector>

#include "coarse_pld.h"
#include "numerics/minimise.h"

namespace dpml::pld {

// Sums that no tilt brings near epsilon, because one release decides and the tail of its loss falls slower than any
// exponential. All of this is about coarse looks.

/// The best bound of delta at epsilon by a tilt, and the tilt: delta <= exp(K - b epsilon) b^b / (1 + b)^(1 + b).
numerics::Minimum saddle_point(const CoarsePld& looks, double epsilon);

/// The saddle point approximation, delta = exp(K - b epsilon) / (b (b + 1) sqrt(2 pi K'')), where it is below the
/// bound.
double approximate_log_delta(const CoarsePld& looks, double epsilon, const numerics::Minimum& saddle);

/// Is a single release rarely as large as epsilon?
bool may_jump(const CoarsePld& looks, const std::vector<double>& counts, double epsilon);

/// How releases jump when the whole sum is tilted.
struct TiltedJumps {
  double log_none = 0;  ///< log of the chance that nothing jumps
  double mean = 0;      ///< of the sum then, and
  double variance = 0;
  double expected = 0;  ///< number of jumps, compared with none
  double most = 0;
  double loss = 0;  ///< of a jump, its mean and its variance
  double variance_of_loss = 0;
};

/// Jumps are losses in (threshold, to]; there are no larger ones.
TiltedJumps tilted_jumps(const CoarsePld& looks, const std::vector<double>& counts, double threshold, double to,
                         double tilt);

/// Would a sum that jumps like this be nearly certain not to be near epsilon, so that it has to be taken apart?
bool is_torn(const TiltedJumps& jumps, double epsilon);
bool is_torn(const CoarsePld& looks, const std::vector<double>& counts, double epsilon, double tilt);

/// log(delta) at epsilon, roughly, taken apart by jumps: where tilts of the whole sum say little.
double rough_log_delta(const CoarsePld& looks, const std::vector<double>& counts, double epsilon);

}  // namespace dpml::pld
