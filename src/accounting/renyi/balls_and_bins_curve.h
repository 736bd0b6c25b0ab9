#pragma once

#include <cstdint>
#include <vector>

#include "divergence_terms.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// One epoch of Gaussians over T bins, of which a unit is in one: P, the mean over t of N(e_t, s^2 I), against Q =
/// N(0, s^2 I) in T dimensions (Chua et al. 2024), the larger direction; never more than one Gaussian without bins.
///
/// P/Q is Y, the mean of T independent X_t with log X_t ~ N(-1/(2 s^2), 1/s^2) under Q.
///
/// P over Q, E[Y^a]: at an integer order, a! times the coefficient of u^a in f(u)^T with
///   f(u) = sum_j exp(j (j - 1) / (2 s^2)) (u / T)^j / j! = exp(u / T) + r(u);
/// f^n is kept as exp(n u / T) + R_n, and doubling n adds positive terms only, so a small divergence does not cancel:
///   R_2n = 2 exp(n u / T) R_n + R_n^2.
/// K is convex with K(0) = 0: between integer orders the chord is a bound.
///
/// Q over P, E[Y^-b], with Y^-b = int_0^inf u^(b-1) exp(-u Y) du / Gamma(b):
///   E[Y^-b] - 1 = int u^(b-1) exp(-u) (exp(T log(1 + E[psi(-(u/T) (X - 1))])) - 1) du / Gamma(b),
/// by the trapezoid rule in log(u), and in the normal variable inside; both integrands are analytic and vanish at both
/// ends. Above order kLargestIntegerOrder the mean of logarithms bounds log(Y):
///   log E[Y^-b] <= b / (2 s^2) + b^2 / (2 T s^2).
class BallsAndBinsCurve final : public RenyiCurve {
 public:
  BallsAndBinsCurve(std::uint64_t bins, double noise_multiplier);
  double cumulant(double order_minus_one) override;
  double nodes() const override { return 1000; }

  /// One direction each, not rounded up: P over Q up to order kLargestIntegerOrder, else +infinity; and Q over P by the
  /// integral, for noise multipliers and orders where `cumulant` asks for it.
  double remove_cumulant(double order_minus_one);
  double add_cumulant(double order_minus_one);

 private:
  /// One u of the outer integral.
  struct Place {
    double log_u;
    double log_excess;  ///< log of exp(-u) (exp(T ...) - 1)
  };

  void know_moments_to(std::size_t order);
  void know_places();

  double bins_;
  std::uint64_t bin_count_;
  double noise_;
  std::vector<double> log_moments_;  ///< log(E[Y^k] - 1), by k
  std::vector<Place> places_;
};

}  // namespace dpml::renyi
