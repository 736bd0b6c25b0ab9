#pragma once

#include <optional>
#include <vector>

namespace dpml {

/// Poisson-sampled Gaussians; a sampling rate of 1 is a plain one.
struct OraclePhase {
  double sampling_rate;
  double noise_multiplier;
  double steps;
};

/// P is the dataset with the unit ("remove") or the one without it ("add").
enum class OracleDirection { remove, add };

/// log of the exact delta of a composition at epsilon, in long double: the slow twin of the accountant "pld", which
/// shares no idea with it but the pair of distributions. Without any lattice, truncation or transform, with
/// K(z) = log E_P[exp(z L)], the sum over the phases,
///   delta(epsilon) = 1 / (2 pi) times the integral over t of exp(K(z) - z epsilon) / (z (z + 1)), z = tilt + i t,
/// for any tilt > 0. Both integrals, K's and this one, are over entire lines and analytic, so the trapezoidal rule
/// converges exponentially: steps are halved until nothing changes.
///
/// Good to oracle_precision(), relative to delta. Nothing where the integrand does not fade out in time, which is the
/// case for few steps with a small sampling rate (most of the loss is nearly a constant then).
std::optional<long double> oracle_log_delta(const std::vector<OraclePhase>& phases, OracleDirection direction,
                                            double epsilon);

/// What rounding may do to the above: 1e-14 + 1e-18 * steps.
long double oracle_precision(const std::vector<OraclePhase>& phases);

/// The larger of both directions.
std::optional<long double> oracle_log_delta(const std::vector<OraclePhase>& phases, double epsilon);

/// One release in closed form, whatever the numbers: log delta of the Poisson-sampled Gaussian at epsilon. With
/// delta_G(e) that of the plain one (analytic_gaussian.h) and q the sampling rate,
///   remove: q delta_G(log(1 + (exp(epsilon) - 1) / q)),
///   add:    q exp(epsilon + e) delta_G(-e), e = log(1 + (exp(-epsilon) - 1) / q).
double one_release_log_delta(double sampling_rate, double noise_multiplier, OracleDirection direction, double epsilon);

}  // namespace dpml
