#include "sampled_gaussian_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "dpml/base/error.h"
#include "numerics/gauss_legendre.h"

namespace dpml::renyi {

namespace {

constexpr double kReach = 9;        // standard deviations; the density beyond is below 3e-18 of its peak
constexpr double kWidestPanel = 5;  // standard deviations
constexpr double kMaximumPanels = 8192;
constexpr double kNodesOfPanel = 16;
constexpr double kNegligible = 50;  // 8192 panels of 5 s, each below exp(3.125 - 50) of the peak, are 2e-16 of it

/// Is the curve the sum of two halves, of both of which the integrand is told where x > 0?
bool has_two_halves(GaussianSampling sampling) {
  switch (sampling) {
    case GaussianSampling::poisson:
      return false;
    case GaussianSampling::without_replacement:
      return true;
  }
  throw InternalError("GaussianSampling: not one of the enumerated values");
}

/// weight ((1 + x)^-b - 1 + b x), L >= 0.
double reverse_term(const RatioNode& at, double b) {
  // exp(-L) times psi(-b L) + b psi(L); the weight is already multiplied by exp(L).
  const double shrink = std::exp(-at.log_ratio);
  const double psi_of_ratio =
      at.log_ratio < 1 ? shrink * psi(at.log_ratio) : -std::expm1(-at.log_ratio) - shrink * at.log_ratio;
  return at.weight * (shrink * psi(-b * at.log_ratio) + b * psi_of_ratio);
}

}  // namespace

double SampledGaussianCurve::Panel::log_bound(double order) const {
  const double within = kWidestPanel * kWidestPanel / 8;
  const double power =
      std::max(left.log_density + order * left.log_ratio, right.log_density + order * right.log_ratio) + within;
  if (left.log_ratio >= 0) return power;
  return std::max(power, std::log(order - 1) + std::max(left.log_density, right.log_density) + within);
}

SampledGaussianCurve::SampledGaussianCurve(double sampling_rate, double noise_multiplier, GaussianSampling sampling,
                                           double most_nodes)
    : sampling_rate_(sampling_rate),
      noise_(noise_multiplier),
      sampling_(sampling),
      most_panels_(std::min(kMaximumPanels, most_nodes / kNodesOfPanel)),
      branch_(noise_ * noise_ * (std::log1p(-sampling_rate_) - std::log(sampling_rate_)) + 0.5) {}

SampledGaussianCurve::Edge SampledGaussianCurve::edge(double z) const {
  return {z, log_mixture(sampling_rate_, (z - 0.5) / (noise_ * noise_)),
          -0.5 * (z / noise_) * (z / noise_) - std::log(noise_ * std::sqrt(2 * std::numbers::pi))};
}

double SampledGaussianCurve::panel_width(double start) const {
  const double distance = start < branch_ ? 2.0 / 3 * (branch_ - start) : 2 * (start - branch_);
  return std::min(kWidestPanel * noise_, std::max(3 * noise_ * noise_, distance));
}

void SampledGaussianCurve::extend_to(double end) {
  const double start = has_two_halves(sampling_) ? 0.5 : -kReach * noise_;
  Edge left = panels_.empty() ? edge(start) : panels_.back().right;
  while (left.z < end) {
    const Edge right = edge(left.z + panel_width(left.z));
    panels_.push_back({left, right, {}});
    left = right;
  }
}

void SampledGaussianCurve::fill(Panel& panel) const {
  numerics::for_each_quadrature_node(panel.left.z, panel.right.z, [&](double z, double weight) {
    const Edge at = edge(z);
    panel.nodes.push_back(make_ratio_node(at.log_ratio, at.log_density + std::log(weight)));
  });
}

double SampledGaussianCurve::integral(double order_minus_one) {
  const double order = 1 + order_minus_one;
  // Where b L is large, the integrand is as large as its bound, so the largest of those bounds tells what is
  // negligible.
  double peak = -std::numeric_limits<double>::infinity();
  for (const Panel& panel : panels_) {
    if (is_large_exponent(order_minus_one * panel.left.log_ratio)) peak = std::max(peak, panel.log_bound(order));
  }
  ExcessSum sum(order_minus_one);
  for (Panel& panel : panels_) {
    const bool is_negligible = panel.log_bound(order) < peak - kNegligible;
    if (is_negligible) continue;
    if (panel.nodes.empty()) fill(panel);
    for (const RatioNode& at : panel.nodes) {
      sum.add(at);
      if (has_two_halves(sampling_)) sum.add_plain(reverse_term(at, order_minus_one));
    }
  }
  return sum.cumulant();
}

double SampledGaussianCurve::cumulant(double order_minus_one) {
  const double order = 1 + order_minus_one;
  const double end = std::max(order, 2.0) + kReach * noise_;
  if (end + kReach * noise_ > most_panels_ * kWidestPanel * noise_) {
    const double bound = order * log_mixture(sampling_rate_, order_minus_one / (2 * noise_ * noise_));
    if (!has_two_halves(sampling_)) return with_slack(bound);
    return with_slack(bound + order_minus_one * sampling_rate_ * std::exp(-bound));
  }
  extend_to(end);
  return with_slack(integral(order_minus_one));
}

}  // namespace dpml::renyi
