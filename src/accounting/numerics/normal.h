#pragma once

namespace dpml::numerics {

// The standard normal distribution where a plain erfc would underflow or cancel. Errors are a few units in the last
// place relative to the value (for the logarithm: to the value, or to 1 where that is larger).

/// R(x) = Q(x) / density(x), for x > -37.
double mills_ratio(double x);

/// -R'(x) = 1 - x R(x) > 0, for x > -37.
double mills_slope(double x);

/// log of the density.
double log_normal_density(double x);

/// Q(x): the probability above x.
double normal_tail(double x);

/// log Q(x), finite for every finite x whose square is.
double log_normal_tail(double x);

/// The x with Q(x) = probability: +infinity for 0, -infinity for 1.
double normal_tail_quantile(double probability);

}  // namespace dpml::numerics
