#include "oracle.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "dpml/accounting/analytic_gaussian.h"

namespace dpml {
namespace {

using Real = long double;
using Complex = std::complex<long double>;

constexpr Real kPi = std::numbers::pi_v<long double>;
constexpr Real kNegligible = 50;  // exp(-50) is below the precision of long double
constexpr int kMostNodes = 4000;  // of the integral over t

/// log(1 - q + q exp(t)), also where it is tiny or exp(t) overflows.
Real mixture_log_ratio(Real q, Real t) {
  return t > 40 ? t + std::log(q) + std::log1p((1 - q) / q * std::exp(-t)) : std::log1p(q * std::expm1(t));
}

/// E_P[exp(z L)] of one release, by trapezoids on a grid that is good for one tilt.
class OneRelease {
 public:
  OneRelease(const OraclePhase& phase, OracleDirection direction, Real tilt, Real refinement)
      : steps_(static_cast<Real>(phase.steps)) {
    const Real q = static_cast<Real>(phase.sampling_rate);
    const Real noise = static_cast<Real>(phase.noise_multiplier);
    const bool is_remove = direction == OracleDirection::remove;
    // The tilt moves the normal density by at most tilt + 1; tails below exp(-60) of it are left out.
    const Real reach = noise * 11;
    const Real from = -reach - (is_remove ? 0 : tilt + 1);
    const Real to = reach + (is_remove ? tilt + 1 : 0);
    // Analytic for |Im x| < pi noise^2, where the density grows by exp((Im x / noise)^2 / 2).
    const Real strip = std::min(kPi * noise, std::sqrt(2 * kNegligible));
    const Real step = 2 * kPi * noise / (strip / 2 + kNegligible / strip) / refinement;
    const auto nodes = static_cast<int>((to - from) / step) + 1;
    for (int i = 0; i <= nodes; ++i) {
      const Real x = from + static_cast<Real>(i) * step;
      const Real ratio = mixture_log_ratio(q, (2 * x - 1) / (2 * noise * noise));
      // Under Q = N(0) the loss to "remove" is log(P / Q); to "add", P = N(0) and it is the negative.
      losses_.push_back(is_remove ? ratio : -ratio);
      log_weights_.push_back(-x * x / (2 * noise * noise) + (is_remove ? ratio : 0) +
                             std::log(step / (noise * std::sqrt(2 * kPi))));
    }
  }

  /// steps log E_P[exp(z L)].
  Complex cumulant(Complex z) const {
    Real largest = -std::numeric_limits<Real>::infinity();
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      largest = std::max(largest, log_weights_[i] + z.real() * losses_[i]);
    }
    Complex sum = 0;
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      const Real size = std::exp(log_weights_[i] + z.real() * losses_[i] - largest);
      const Real angle = z.imag() * losses_[i];
      sum += Complex(size * std::cos(angle), size * std::sin(angle));
    }
    return steps_ * (std::log(sum) + largest);
  }

 private:
  Real steps_;
  std::vector<Real> losses_;
  std::vector<Real> log_weights_;
};

/// log(1 + (exp(epsilon) - 1) / q).
Real mixture_epsilon(Real q, Real epsilon) {
  return epsilon > 40 ? epsilon - std::log(q) + std::log1p((q - 1) * std::exp(-epsilon))
                      : std::log1p(std::expm1(epsilon) / q);
}

class Integrand {
 public:
  Integrand(const std::vector<OraclePhase>& phases, OracleDirection direction, Real epsilon, Real tilt, Real refinement)
      : epsilon_(epsilon) {
    for (const OraclePhase& phase : phases) releases_.emplace_back(phase, direction, tilt, refinement);
  }

  /// log of exp(K(z) - z epsilon) / (z (z + 1)).
  Complex log_value(Complex z) const {
    Complex sum = -z * epsilon_ - std::log(z) - std::log(z + Real(1));
    for (const OneRelease& release : releases_) sum += release.cumulant(z);
    return sum;
  }

 private:
  Real epsilon_;
  std::vector<OneRelease> releases_;
};

/// Where the integrand is smallest on the real axis: a saddle point, around which nothing cancels.
Real saddle_point(const std::vector<OraclePhase>& phases, OracleDirection direction, Real epsilon) {
  const auto value = [&](Real log_tilt) {
    const Real tilt = std::exp(log_tilt);
    return Integrand(phases, direction, epsilon, tilt, 0.5L).log_value(tilt).real();
  };
  Real from = std::log(1e-6L);
  Real to = from + 1;
  while (value(to + 1) < value(to) && to < 25) to += 1;
  from = std::max(from, to - 2);
  to += 1;
  for (int i = 0; i < 40; ++i) {  // golden sections
    const Real a = from + (to - from) * 0.381966L;
    const Real b = from + (to - from) * 0.618034L;
    (value(a) < value(b) ? to : from) = value(a) < value(b) ? b : a;
  }
  return std::exp((from + to) / 2);
}

/// log of the integral by trapezoids of width dt; nothing when it takes too many.
std::optional<Real> trapezoids(const Integrand& integrand, Real tilt, Real dt) {
  const Real top = integrand.log_value(tilt).real();
  Real sum = 0.5L;
  int faint = 0;
  for (int i = 1; faint < 20; ++i) {
    if (i > kMostNodes) return std::nullopt;
    const Complex log_value = integrand.log_value(Complex(tilt, static_cast<Real>(i) * dt)) - top;
    sum += std::exp(log_value.real()) * std::cos(log_value.imag());
    faint = log_value.real() < -kNegligible ? faint + 1 : 0;
  }
  return top + std::log(sum * dt / kPi);
}

}  // namespace

std::optional<long double> oracle_log_delta(const std::vector<OraclePhase>& phases, OracleDirection direction,
                                            double epsilon) {
  const Real tilt = saddle_point(phases, direction, epsilon);
  const Integrand first(phases, direction, epsilon, tilt, 1);
  // Trapezoids add copies of delta(epsilon + 2 pi k / dt) exp(2 pi k tilt / dt); the one with k = -1 is below this.
  Real dt = 2 * kPi * tilt / (kNegligible - first.log_value(tilt).real());
  const Real width = std::sqrt(2 / std::max(1e-300L, first.log_value(tilt).real() -
                                                         first.log_value(Complex(tilt, tilt / 100)).real())) *
                     tilt / 100;
  dt = std::min(dt, width / 2);
  const Real precision = oracle_precision(phases) / 2;
  std::optional<Real> found = trapezoids(first, tilt, dt);
  for (Real refinement = 2; found && refinement < 100; refinement *= 2) {
    const std::optional<Real> finer =
        trapezoids(Integrand(phases, direction, epsilon, tilt, refinement), tilt, dt / refinement);
    if (finer && std::fabs(*finer - *found) <= precision) return finer;
    found = finer;
  }
  return std::nullopt;
}

long double oracle_precision(const std::vector<OraclePhase>& phases) {
  long double steps = 0;
  for (const OraclePhase& phase : phases) steps += phase.steps;
  return 1e-14L + 1e-18L * steps;
}

std::optional<long double> oracle_log_delta(const std::vector<OraclePhase>& phases, double epsilon) {
  std::optional<Real> largest = oracle_log_delta(phases, OracleDirection::remove, epsilon);
  const OracleDirection add = OracleDirection::add;
  const Real tilt = saddle_point(phases, add, epsilon);
  // Chernoff's bound is enough where the other direction hardly counts.
  const Real bound = Integrand(phases, add, epsilon, tilt, 1).log_value(tilt).real() + std::log(tilt * (1 + tilt));
  if (!largest || bound < *largest) return largest;
  const std::optional<Real> other = oracle_log_delta(phases, add, epsilon);
  return other ? std::optional<Real>(std::max(*largest, *other)) : std::nullopt;
}

double one_release_log_delta(double sampling_rate, double noise_multiplier, OracleDirection direction, double epsilon) {
  const double mu = 1 / noise_multiplier;
  if (sampling_rate == 1) return gaussian_log_delta(mu, epsilon).upper;
  const auto q = static_cast<long double>(sampling_rate);
  const auto e = static_cast<long double>(epsilon);
  if (direction == OracleDirection::remove) {
    const long double inner = mixture_epsilon(q, e);
    return static_cast<double>(std::log(q)) + gaussian_log_delta(mu, static_cast<double>(inner)).upper;
  }
  const long double ratio = std::expm1(-e) / q;
  if (!(ratio > -1)) return -std::numeric_limits<double>::infinity();
  const long double inner = -std::log1p(ratio);
  return static_cast<double>(std::log(q) + e - inner) + gaussian_log_delta(mu, static_cast<double>(inner)).upper;
}

}  // namespace dpml
