#include "gaussian_mixture_curve.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "numerics/gauss_legendre.h"
#include "numerics/rounding.h"

namespace dpml::renyi {

namespace {

using numerics::kInfinity;

constexpr double kReach = 9;        // the density beyond is below 3e-18 of its peak
constexpr double kWidestPanel = 5;  // standard deviations
constexpr double kNegligible = 60;  // all panels, each below exp(-60) of a peak as narrow as 1e-5, are 1e-16 of it
constexpr std::size_t kMaximumPanels = 8192;
constexpr std::size_t kUsualPanels = 64;
constexpr double kNodesOfPanel = 16;

}  // namespace

double GaussianMixtureCurve::Mixture::log_ratio(double z) const {
  double excess = 0;  // of the ratio above 1
  double largest = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double exponent = places[i] * (z - places[i] / 2);
    largest = std::max(largest, exponent);
    excess += weights[i] * std::expm1(exponent);
  }
  if (largest < 300 && excess > -0.5) return std::log1p(excess);
  LogSum sum;
  for (std::size_t i = 0; i < places.size(); ++i) {
    sum.add(std::log(weights[i]) + places[i] * (z - places[i] / 2));
  }
  return sum.log();
}

double GaussianMixtureCurve::Mixture::reach_of_one(double z, double times) const {
  const auto log_term = [&](std::size_t i) { return std::log(weights[i]) + places[i] * (z - places[i] / 2); };
  std::size_t top = 0;
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (log_term(i) > log_term(top)) top = i;
  }
  double reach = kInfinity;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] == places[top]) continue;
    const double lead = log_term(top) - log_term(i) - std::log(times * static_cast<double>(places.size()));
    reach = std::min(reach, lead / std::fabs(places[i] - places[top]));
  }
  return reach;
}

double GaussianMixtureCurve::Panel::log_bound(double order_minus_one) const {
  const double within = kWidestPanel * kWidestPanel / 8;
  const double power = order_minus_one * (right.log_p - right.log_q) + std::max(left.log_p, right.log_p) + within;
  if (left.log_p >= left.log_q) return power;
  return std::max(power, std::log(order_minus_one) + std::max(left.log_q, right.log_q) + within);
}

GaussianMixtureCurve::GaussianMixtureCurve(std::vector<Jump> jumps, double most_nodes)
    : jumps_(std::move(jumps)),
      most_panels_(static_cast<std::size_t>(std::min(
          static_cast<double>(kMaximumPanels), most_nodes / (kNodesOfPanel * static_cast<double>(jumps_.size()))))) {
  double sum = 0;
  for (const Jump& jump : jumps_) sum += jump.probability;
  double least_up = kInfinity;
  double least_down = kInfinity;
  for (Jump& jump : jumps_) {
    jump.probability /= sum;
    p_.places.push_back(jump.up);
    q_.places.push_back(-jump.down);
    p_.weights.push_back(jump.probability);
    least_up = std::min(least_up, jump.up);
    least_down = std::min(least_down, jump.down);
    most_up_ = std::max(most_up_, jump.up);
    most_down_ = std::max(most_down_, jump.down);
  }
  q_.weights = p_.weights;
  p_.range = most_up_ - least_up;
  q_.range = most_down_ - least_down;
  start_ = -most_down_ - kReach;
}

double GaussianMixtureCurve::nodes() const {
  return kNodesOfPanel * static_cast<double>(std::min(kUsualPanels, most_panels_) * jumps_.size());
}

GaussianMixtureCurve::Edge GaussianMixtureCurve::edge(double z) const {
  const double log_density = -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi);
  return {z, log_density + p_.log_ratio(z), log_density + q_.log_ratio(z)};
}

bool GaussianMixtureCurve::extend_to(double end) {
  double z = panels_.empty() ? start_ : panels_.back().right.z;
  const double narrow = 3 / std::max(p_.range, q_.range * std::sqrt(1 + fine_to_ / 4));
  while (z < end) {
    if (panels_.size() >= most_panels_) return false;
    const double wide = 2.0 / 3 * std::min(p_.reach_of_one(z, 1), q_.reach_of_one(z, 1 + fine_to_));
    const Edge left = panels_.empty() ? edge(z) : panels_.back().right;
    z += std::min(kWidestPanel, std::max(narrow, wide));
    panels_.push_back({left, edge(z), {}});
  }
  return true;
}

void GaussianMixtureCurve::fill(Panel& panel) const {
  numerics::for_each_quadrature_node(panel.left.z, panel.right.z, [&](double z, double weight) {
    const double q = q_.log_ratio(z);
    panel.nodes.push_back(make_ratio_node(p_.log_ratio(z) - q,
                                          q - 0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi) + std::log(weight)));
  });
}

double GaussianMixtureCurve::integral(double order_minus_one) {
  double peak = -kInfinity;
  for (const Panel& panel : panels_) {
    const double exponent = order_minus_one * (panel.left.log_p - panel.left.log_q);
    if (is_large_exponent(exponent)) peak = std::max(peak, exponent + panel.left.log_p);
  }
  ExcessSum sum(order_minus_one);
  for (Panel& panel : panels_) {
    if (panel.log_bound(order_minus_one) < peak - kNegligible) continue;
    if (panel.nodes.empty()) fill(panel);
    for (const RatioNode& at : panel.nodes) sum.add(at);
  }
  return sum.cumulant();
}

double GaussianMixtureCurve::simple_bound(double order_minus_one) const {
  const double b = order_minus_one;
  LogSum coupled;
  LogSum norms;
  double stays = 0;
  for (const Jump& jump : jumps_) {
    const double log_probability = std::log(jump.probability);
    coupled.add(log_probability + 0.5 * b * (1 + b) * std::pow(jump.up + jump.down, 2));
    norms.add(log_probability + 0.5 * b * jump.up * jump.up);
    if (jump.down == 0) stays += jump.probability;
  }
  double bound = coupled.log();
  if (most_down_ == 0) bound = std::min(bound, (1 + b) * norms.log());
  if (most_up_ == 0 && stays > 0) bound = std::min(bound, -b * std::log(stays));
  return std::max(bound, 0.0);
}

double GaussianMixtureCurve::cumulant(double order_minus_one) {
  if (q_.range > 0 && order_minus_one > fine_to_) {
    fine_to_ = 2 * order_minus_one;
    panels_.clear();
  }
  const double peak = (1 + order_minus_one) * most_up_ + order_minus_one * most_down_;
  if (!extend_to(std::max(peak, 2 * most_up_) + kReach)) return with_slack(simple_bound(order_minus_one));
  return with_slack(integral(order_minus_one));
}

}  // namespace dpml::renyi
