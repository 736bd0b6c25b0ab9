#pragma once

#include <vector>

#include "pair_curve.h"

namespace dpml {

/// Laplace noise, continuous or discrete, shifted by `distance` scales; the largest loss is e = distance.
///
/// Continuous, Mironov 2017, Proposition 6: with a = 1 + b and R = 1 / (1 + 2 b),
///   exp(K(b)) = ((1 + R) exp(b e) + (1 - R) exp(-a e)) / 2.
/// Discrete, with steps of h scales (e is a multiple of h): the geometric sums over all integers give the same with
/// R = tanh(h / 2) / tanh((1 + 2 b) h / 2), which is the above as h goes to 0. Since (1 + R) b - (1 - R) a is
/// (1 + 2 b) R - 1 =: r,
///   exp(K(b)) - 1 = ((1 + R) psi(b e) + (1 - R) psi(-a e) + r e) / 2,
/// of which no term is negative. K is superadditive in e, so one coordinate moved by all of the L1 distance is worst.
class LaplaceCurve final : public RenyiCurve {
 public:
  /// step 0 is continuous.
  LaplaceCurve(double distance, double step) : distance_(distance), step_(step) {}
  double cumulant(double order_minus_one) override;

 private:
  double distance_;
  double step_;
};

/// All outcomes of Laplace noise shifted by `distance` scales: the two atoms, and between them quadrature nodes which
/// integrate what lies there for every Poisson sampling rate (the panels are less than pi away from no singularity of
/// log(1 - q + q exp(loss))).
std::vector<Outcome> laplace_outcomes(double distance);

/// The same for discrete Laplace noise of this scale, shifted by `shift`: the loss is one of (shift - 2 k) / scale.
std::vector<Outcome> discrete_laplace_outcomes(double scale, unsigned shift);

}  // namespace dpml
