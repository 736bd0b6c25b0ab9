#pragma once

#include <cstdint>

namespace dpml {

// ESTIMATES, never guarantees. The exact composition of plain Gaussians is the accountant "gdp" (accountant.h).
//
// The central limit theorem of Bu, Dong, Long and Su 2020 says which mu-Gaussian differential privacy a long run of
// sampled Gaussians comes close to, but not how close, and not from which side: its epsilon is often below the truth
// (2.50 where 3.74 is true at sampling rate 0.001, noise multiplier 0.6, 20,000 steps, delta 1e-6). No Accountant
// uses it.

enum class CltSampling {
  poisson,     ///< each unit joins on its own: mu = q sqrt(T (exp(1/s^2) - 1))
  fixed_size,  ///< uniform batches of one size: mu = q sqrt(2 T (exp(1/s^2) Phi(1.5/s) + 3 Phi(-0.5/s) - 2))
};

/// ESTIMATE of mu, not a bound: T `steps` of a Gaussian with noise multiplier s > 0, sampling rate q in (0, 1], under
/// add_or_remove_one. ConfigError for numbers out of range.
double clt_estimate_of_mu(CltSampling sampling, double sampling_rate, double noise_multiplier, std::uint64_t steps);

/// ESTIMATE of epsilon at delta in (0, 1), not a bound: of a Gaussian with the mu above.
double clt_estimate_of_epsilon(CltSampling sampling, double sampling_rate, double noise_multiplier, std::uint64_t steps,
                               double delta);

}  // namespace dpml
