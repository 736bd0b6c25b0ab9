#include "laplace_curve.h"

#include <algorithm>
#include <cmath>

#include "discrete_outcomes.h"
#include "numerics/gauss_legendre.h"

namespace dpml::renyi {

namespace {

constexpr double kLargeLoss = 30;     // b e from which exp(K) - 1 is no better than exp(K)
constexpr double kWidestPanel = 2.5;  // of the loss
constexpr double kWidestPower = 12;   // of b times the loss
constexpr unsigned kMostPanels = 4096;
constexpr double kNodesOfPanel = 32;  // in both directions

/// sinh(u) - u.
double sinh_excess(double u) {
  return u < 0.1 ? 0.5 * (psi(u) - psi(-u)) : std::sinh(u) - u;
}

/// (1 + 2 b) R - 1 of LaplaceCurve, for a step h > 0. By the addition theorems it is
///   (b s((1 + b) h) - (1 + b) s(b h)) / (sinh((1 + 2 b) h / 2) cosh(h / 2)),   s(u) = sinh(u) - u,
/// in which the parts that cancel for small h are gone.
double lattice_excess(double b, double h) {
  if ((1 + b) * h > 40) return b < 1 ? 2 * b * std::tanh(h / 2) : (1 + 2 * b) * std::tanh(h / 2) - 1;
  const double numerator = b * sinh_excess((1 + b) * h) - (1 + b) * sinh_excess(b * h);
  return numerator / (std::sinh((0.5 + b) * h) * std::cosh(h / 2));
}

/// All outcomes of Laplace noise shifted by `distance` scales, with this many panels between the two atoms.
std::vector<Outcome> laplace_outcomes(double distance, double panels) {
  std::vector<Outcome> found = {{distance, -distance - std::log(2.0)}, {-distance, -std::log(2.0)}};
  for (double i = 0; i < panels; ++i) {
    numerics::for_each_quadrature_node(-distance + 2 * distance * i / panels,
                                       -distance + 2 * distance * (i + 1) / panels, [&](double loss, double weight) {
                                         found.push_back({loss, -0.5 * (distance + loss) + std::log(weight / 4)});
                                       });
  }
  return found;
}

}  // namespace

double LaplaceCurve::cumulant(double order_minus_one) {
  const double b = order_minus_one;
  const double r = step_ > 0 ? lattice_excess(b, step_) : 0;
  const double ratio = (1 + r) / (1 + 2 * b);
  const double rest = (2 * b - r) / (1 + 2 * b);  // 1 - ratio
  if (b * distance_ > kLargeLoss) {
    return with_slack(b * distance_ + std::log(0.5 * (1 + ratio + rest * std::exp(-(1 + 2 * b) * distance_))));
  }
  const double excess = 0.5 * ((1 + ratio) * psi(b * distance_) + rest * psi(-(1 + b) * distance_) + r * distance_);
  return with_slack(std::log1p(excess));
}

SampledLaplaceCurve::SampledLaplaceCurve(double distance, double sampling_rate, double most_nodes)
    : distance_(distance),
      sampling_rate_(sampling_rate),
      most_panels_(
          static_cast<unsigned>(std::clamp(most_nodes / kNodesOfPanel, 1.0, static_cast<double>(kMostPanels)))),
      pair_({}),
      discrete_({}) {}

double SampledLaplaceCurve::cumulant(double order_minus_one) {
  const double wanted = std::ceil(2 * distance_ / std::min(kWidestPanel, kWidestPower / order_minus_one));
  if (wanted > most_panels_) {
    if (discrete_.is_empty()) {
      discrete_ = PairCurve(sampled(
          as_outcomes(events::outcomes_of_discrete_laplace(most_panels_ / distance_, most_panels_)), sampling_rate_));
    }
    return discrete_.cumulant(order_minus_one);
  }
  if (panels_ < wanted) {
    panels_ = std::min(2 * wanted, static_cast<double>(most_panels_));
    pair_ = PairCurve(sampled(laplace_outcomes(distance_, panels_), sampling_rate_));
  }
  return pair_.cumulant(order_minus_one);
}

}  // namespace dpml::renyi
