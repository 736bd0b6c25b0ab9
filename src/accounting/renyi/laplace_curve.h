#pragma once

#include "pair_curve.h"

namespace dpml::renyi {

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

/// Laplace noise on a Poisson sample, shifted by `distance` scales where the unit is in it, which is at most
/// kMostSampledLoss; the larger direction. The loss has an atom at either end, and in between it is integrated over
/// panels of 16 Gauss-Legendre nodes; they are less wide than the singularities log((1 - q) / q) +- i pi of
/// log(1 - q + q exp(loss)) are away, and than 12 / b, for the sake of the power. Where that would take too many, the
/// bound for anything with that largest loss is used, which is off by about log(2) / b.
class SampledLaplaceCurve final : public RenyiCurve {
 public:
  SampledLaplaceCurve(double distance, double sampling_rate, double most_nodes = 131072);
  double cumulant(double order_minus_one) override;
  double nodes() const override { return 16 * most_panels_; }

 private:
  double distance_;
  double sampling_rate_;
  unsigned most_panels_;
  double panels_ = 0;
  PairCurve pair_;
  PairCurve discrete_;
};

inline constexpr double kMostSampledLoss = 1000;

}  // namespace dpml::renyi
