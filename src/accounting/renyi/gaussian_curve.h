#pragma once

#include <cmath>
#include <limits>
#include <memory>

#include "divergence_terms.h"
#include "numerics/rounding.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// What tells neighbours apart for certain.
class InfiniteCurve final : public RenyiCurve {
 public:
  double cumulant(double) override { return std::numeric_limits<double>::infinity(); }
};

/// K(b) = b (xi + rho (1 + b)).
class ZeroConcentratedCurve final : public RenyiCurve {
 public:
  ZeroConcentratedCurve(double rho, double xi) : rho_(rho), xi_(xi) {}
  double cumulant(double order_minus_one) override {
    return order_minus_one * (xi_ + rho_ * (1 + order_minus_one) * (1 + kRenyiSlack)) * (1 + numerics::ulps(4));
  }

 private:
  double rho_;
  double xi_;
};

/// A Gaussian moved by `distance`, which is rho-zCDP with rho = distance^2 / (2 noise^2): Mironov 2017, Proposition 7.
/// The same rho holds for the discrete Gaussian (Canonne, Kamath and Steinke 2020, Theorem 4).
inline std::unique_ptr<RenyiCurve> gaussian_curve(double noise, double distance) {
  if (noise == 0) return std::make_unique<InfiniteCurve>();
  const double rho = 0.5 * std::pow(distance / noise, 2);
  return std::make_unique<ZeroConcentratedCurve>(std::max(rho, std::numeric_limits<double>::min()), 0);
}

}  // namespace dpml::renyi
