#pragma once

#include "dpml/accounting/interval.h"

namespace dpml {

// One Gaussian release, exactly (Balle and Wang 2018, Theorem 8). mu is distance / standard deviation: 1 / noise
// multiplier, and 2 / noise multiplier under replace_one. Any composition of Gaussians is one Gaussian, whose mu^2 is
// the sum of theirs (Dong, Roth and Su 2019, Corollary 3.3), so this is the whole truth about them.
//
// With a = epsilon / mu - mu / 2, b = a + mu, the normal tail Q and the Mills ratio R = Q / density,
//   delta = Q(a) - exp(epsilon) Q(b) = density(a) (R(a) - R(b)).
// The intervals hold the exact value for the doubles given. They are as wide as the rounding of a and b makes them:
// about 1e-14 (1 + b (1 + |a|)) in log(delta), which is 1e-14 relative for log(delta) itself however small it is, and
// 1e-13 relative for epsilon and mu, more only where epsilon is next to 0. ConfigError is thrown for numbers out of
// range.

/// mu in [0, infinity], epsilon in [0, infinity]; -infinity where delta is 0, and 0 wherever mu is infinite.
Interval gaussian_log_delta(double mu, double epsilon);

/// exp of the above, in [0, 1]; upper is above 0 wherever delta is, also when it is too small for a double.
Interval gaussian_delta(double mu, double epsilon);

/// The epsilon at which delta is left, delta in [0, 1): 0 when less is needed, infinity when none is enough.
Interval gaussian_epsilon(double mu, double delta);

/// The largest mu that is (epsilon, delta)-private; epsilon in [0, infinity), delta in (0, 1).
Interval gaussian_mu(double epsilon, double delta);

/// The smallest noise multiplier whose one release moves by at most `distance` > 0 (in units of the clip bound) and is
/// certified (epsilon, delta)-private: distance / gaussian_mu().lower, rounded up.
double gaussian_noise_multiplier(double epsilon, double delta, double distance = 1);

}  // namespace dpml
