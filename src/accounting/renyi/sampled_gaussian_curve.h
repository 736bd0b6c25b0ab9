#pragma once

#include <algorithm>
#include <vector>

#include "divergence_terms.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// A closed set: which theorem bounds the sampled Gaussian.
enum class GaussianSampling { poisson, without_replacement };

/// The Poisson-sampled Gaussian, sampling rate q in (0, 1), noise multiplier s > 0 (formula in renyi.h).
///
/// The integrand is a sum of two terms that are never negative (RatioNode), so nothing cancels for any q, s or a. It is
/// summed over panels of 16 Gauss-Legendre nodes from -9 s to max(a, 2) + 9 s. A panel is at most 5 s wide, and
/// at most two thirds as wide as its ends are away from the real part of the integrand's branch points s^2 log((1-q)/q)
/// + 1/2 +- i pi s^2, or 3 s^2 there. The panels do not depend on the order, which only says how many are needed: what
/// they hold is computed once.
///
/// At large orders the mass sits in one or two places far apart, so panels that cannot matter are skipped. With
/// h(z) = a L(z) - z^2 / (2 s^2), an upper bound of the log of the integrand, h + z^2 / (2 s^2) is convex; hence h
/// inside a panel is at most its larger end plus width^2 / (8 s^2), that is plus 3.125. What else is in the integrand,
/// where L < 0, is at most b times the density.
///
/// Orders that would need more panels than are allowed (of 8192: above 40000 s) get the bound of Minkowski's
/// inequality,
///   K(b) <= a log(1 - q + q exp(b / (2 s^2))),
/// which is exact in the limit of large orders.
///
/// Without replacement, q = sample size / dataset size, and s = noise / distance of the neighbours' sums. By Balle,
/// Barthe and Gaboardi 2018, Theorem 11, delta(log(1 + q (exp(e) - 1))) <= q delta_gaussian(e) for e >= 0 under
/// replace_one: for epsilon >= 0, that is the curve of mixture over plain, above. The relation is symmetric, so the
/// curve holds in both directions, and the two halves epsilon >= 0 together give the divergence:
///   exp(K(b)) - 1 <= E[((1 + x)^a - 1 - a x) 1(x > 0)] + E[((1 + x)^-b - 1 + b x) 1(x > 0)],
/// of which the second is at most b q.
class SampledGaussianCurve final : public RenyiCurve {
 public:
  SampledGaussianCurve(double sampling_rate, double noise_multiplier,
                       GaussianSampling sampling = GaussianSampling::poisson, double most_nodes = 131072);
  double cumulant(double order_minus_one) override;
  double nodes() const override { return 16 * std::min(kUsualPanels, most_panels_); }

 private:
  struct Edge {
    double z;
    double log_ratio;    ///< L
    double log_density;  ///< of N(0, s^2)
  };
  struct Panel {
    Edge left;
    Edge right;
    std::vector<RatioNode> nodes;  ///< empty until they are needed

    double log_bound(double order) const;  ///< of the integrand anywhere inside, times its density
  };

  Edge edge(double z) const;
  double panel_width(double start) const;
  void extend_to(double end);
  void fill(Panel& panel) const;
  double integral(double order_minus_one);  ///< K, not rounded

  static constexpr double kUsualPanels = 64;

  double sampling_rate_;
  double noise_;
  GaussianSampling sampling_;
  double most_panels_;
  double branch_;  ///< real part of the branch points
  std::vector<Panel> panels_;
};

}  // namespace dpml::renyi
