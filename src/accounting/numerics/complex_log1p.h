#pragma once

#include <algorithm>
#include <cmath>
#include <complex>

namespace dpml::numerics {

// Numbers near 1 as their difference from it, so that nothing is lost when there are many of them.

// In units of rounding:
constexpr double kPowerError = 16;  ///< of (1 + x)^count - 1, relative to count * x
constexpr double kTotalError = 8;   ///< of the mass that stays, which is 1 less what moves, relative to that

/// log(1 + x), to a few units relative to x.
template <class Real>
std::complex<Real> log_of_1_plus(std::complex<Real> x) {
  const Real square = 2 * x.real() + std::norm(x);  // |1 + x|^2 - 1
  const Real log_size = square > Real(-0.5) ? std::log1p(square) / 2 : std::log(std::abs(Real(1) + x));
  return {std::min(Real(0), log_size), std::atan2(x.imag(), 1 + x.real())};
}

/// exp(x) - 1, to a few units relative to x.
template <class Real>
std::complex<Real> exp_minus_1(std::complex<Real> x) {
  const Real half_sine = std::sin(x.imag() / 2);
  return {std::expm1(x.real()) * std::cos(x.imag()) - 2 * half_sine * half_sine,
          std::exp(x.real()) * std::sin(x.imag())};
}

}  // namespace dpml::numerics
