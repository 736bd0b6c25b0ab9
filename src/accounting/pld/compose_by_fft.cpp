#include <algorithm>
#include <cmath>
#include <limits>

#include "composed_masses.h"
#include "numerics/complex_log1p.h"
#include "numerics/fourier.h"

namespace dpml::pld {

namespace {

/// What leaves the place 0.
template <class Real>
struct Moved {
  std::vector<std::complex<Real>> masses;  ///< at places modulo points
  Real total = 0;
  Real norm = 0;  ///< Euclidean
};

template <class Real>
Moved<Real> moved_masses(const TiltedPld& lattice, std::size_t points) {
  Moved<Real> moved{.masses = std::vector<std::complex<Real>>(points)};
  long double total = 0;
  for (std::size_t i = 0; i < lattice.weights.size(); ++i) {
    if (lattice.places[i] == 0) continue;
    const std::int64_t place = positive_modulo(lattice.places[i], static_cast<std::int64_t>(points));
    moved.masses[static_cast<std::size_t>(place)] += lattice.weights[i];
    total += lattice.weights[i];
  }
  Real square = 0;
  for (const std::complex<Real>& mass : moved.masses) square += std::norm(mass);
  moved.total = static_cast<Real>(total);
  moved.norm = std::sqrt(square);
  return moved;
}

/// A single release is a sum that needs no transform.
std::vector<double> placed(const TiltedPld& lattice, std::size_t points) {
  std::vector<double> masses(points);
  for (std::size_t i = 0; i < lattice.weights.size(); ++i) {
    masses[static_cast<std::size_t>(positive_modulo(lattice.places[i], static_cast<std::int64_t>(points)))] +=
        lattice.weights[i];
  }
  return masses;
}

/// With x = coefficient - 1 of one release, that of all is exp(sum of count log(1 + x)). An error of x is multiplied by
/// count * |1 + x|^(count - 1); of the transform's only the norm is known.
template <class Real>
ComposedMasses transformed(const std::vector<CountedTiltedPld>& phases, std::size_t points) {
  constexpr Real unit = std::numeric_limits<Real>::epsilon() / 2;
  const Real root = std::sqrt(static_cast<Real>(points));
  const Real power_error = unit * static_cast<Real>(numerics::kPowerError + 2 * static_cast<double>(phases.size()));
  numerics::Transform<Real> transform(points);
  std::vector<std::complex<Real>> spectrum(points);
  std::vector<std::complex<Real>> log_total(points);
  std::vector<Real> rounding(points);
  Real largest_error = 0;  // at one place
  Real norm_error = 0;
  for (const CountedTiltedPld& phase : phases) {
    const Moved<Real> moved = moved_masses<Real>(phase.lattice, points);
    if (moved.total == 0) continue;
    const auto count = static_cast<Real>(phase.count);
    transform.forward(moved.masses, spectrum);
    Real damping = 0;  // sum over frequencies of |coefficient|^(2 (count - 1))
    for (std::size_t k = 0; k < points; ++k) {
      const std::complex<Real> x = spectrum[k] - moved.total;
      const std::complex<Real> log_size = numerics::log_of_1_plus(x);
      const Real damped = std::exp((count - 1) * log_size.real());
      damping += damped * damped;
      rounding[k] += power_error * count * damped * std::min(Real(1), std::abs(x));
      log_total[k] += count * log_size;
    }
    const Real of_x =
        transform.error() * moved.norm + unit * numerics::kTotalError * moved.total;  // per root of the points
    norm_error += count * of_x;
    largest_error += count * of_x * std::sqrt(damping) / root;
  }
  Real sum_of_rounding = 0;
  Real square_of_rounding = 0;
  Real square = 0;
  for (std::size_t k = 0; k < points; ++k) {
    log_total[k] = numerics::exp_minus_1(log_total[k]);
    const Real error = rounding[k] + power_error * std::abs(log_total[k]);
    sum_of_rounding += error;
    square_of_rounding += error * error;
    square += std::norm(log_total[k]);
  }
  const Real of_backward = transform.error() * std::sqrt(square) / root;
  largest_error += sum_of_rounding / static_cast<Real>(points) + of_backward;
  norm_error += std::sqrt(square_of_rounding) / root + of_backward;
  transform.backward(log_total, spectrum);
  ComposedMasses made{std::vector<double>(points), static_cast<double>(largest_error), static_cast<double>(norm_error)};
  for (std::size_t s = 0; s < points; ++s) {
    made.masses[s] = static_cast<double>(std::max(Real(0), spectrum[s].real() + (s == 0 ? 1 : 0)));
  }
  return made;
}

}  // namespace

std::int64_t positive_modulo(std::int64_t a, std::int64_t n) {
  const std::int64_t rest = a % n;
  return rest < 0 ? rest + n : rest;
}

double work_of_transforms(std::size_t phases, double points, Precision precision) {
  return points * (precision == Precision::usual ? 300 : 1500) * static_cast<double>(phases);
}

ComposedMasses compose_by_fft(const std::vector<CountedTiltedPld>& phases, std::size_t points, Precision precision) {
  if (phases.size() == 1 && phases[0].count == 1) return {placed(phases[0].lattice, points), 0, 0};
  return precision == Precision::usual ? transformed<double>(phases, points) : transformed<long double>(phases, points);
}

}  // namespace dpml::pld
