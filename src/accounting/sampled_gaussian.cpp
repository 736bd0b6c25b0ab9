#include "sampled_gaussian.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace dpml {

namespace {

constexpr double kReach = 9;        // standard deviations; the density beyond is below 3e-18 of its peak
constexpr double kWidestPanel = 5;  // standard deviations
constexpr double kMaximumPanels = 8192;
constexpr double kNegligible = 50;     // 8192 panels of 5 s, each below exp(3.125 - 50) of the peak, are 2e-16 of it
constexpr double kLargeExponent = 40;  // exp(u) - 1 - u is exp(u) to 2e-16 above it

// Where K underflows, the slack must still be above it.
constexpr double kSmallestCumulant = 1e-280;

struct QuadratureNode {
  double place;  // in units of half the panel; each stands for itself and its mirror image
  double weight;
};
constexpr std::array<QuadratureNode, 8> kGaussLegendre = {{{0.0950125098376374405, 0.1894506104550685022},
                                                           {0.2816035507792589154, 0.1826034150449235838},
                                                           {0.4580167776572273697, 0.1691565193950025359},
                                                           {0.6178762444026437706, 0.1495959888165767360},
                                                           {0.7554044083550029987, 0.1246289712555338769},
                                                           {0.8656312023878317552, 0.0951585116824927857},
                                                           {0.9445750230732326003, 0.0622535239386478936},
                                                           {0.9894009349916499385, 0.0271524594117540964}}};

/// (1 + x) log(1 + x) - x for |x| <= 0.05, by its series sum_k (-1)^k x^k / (k (k - 1)), k >= 2.
double small_phi(double x) {
  double sum = 0;
  for (int k = 13; k >= 2; --k) sum = 1.0 / (k * (k - 1)) - x * sum;
  return x * x * sum;
}

/// exp(u) - 1 - u.
double psi(double u) {
  if (std::fabs(u) > 0.1) return std::expm1(u) - u;
  double sum = 0;
  for (int k = 11; k >= 2; --k) sum = (1 + u * sum) / k;
  return u * u * sum;
}

/// A sum of positive numbers given by their logarithms.
class LogSum {
 public:
  void add(double log_term) {
    if (log_term == -std::numeric_limits<double>::infinity()) return;
    if (log_term > largest_) {
      scaled_ = scaled_ * std::exp(largest_ - log_term) + 1;
      largest_ = log_term;
    } else {
      scaled_ += std::exp(log_term - largest_);
    }
  }
  double log() const { return largest_ + std::log(scaled_); }

 private:
  double largest_ = -std::numeric_limits<double>::infinity();
  double scaled_ = 0;
};

/// log(1 + exp(a)).
double log_one_plus_exp(double a) {
  return a > 0 ? a + std::log1p(std::exp(-a)) : std::log1p(std::exp(a));
}

/// log(1 - q + q exp(t)), to full relative precision also where it is close to 0.
double log_mixture(double q, double t) {
  if (t > 30) return t + std::log(q + (1 - q) * std::exp(-t));
  const double x = q * std::expm1(t);
  return x > -0.5 ? std::log1p(x) : std::log((1 - q) + q * std::exp(t));
}

}  // namespace

double SampledGaussianCurve::Panel::log_bound(double order) const {
  return std::max(left.log_density + order * left.log_ratio, right.log_density + order * right.log_ratio) +
         kWidestPanel * kWidestPanel / 8;
}

SampledGaussianCurve::SampledGaussianCurve(double sampling_rate, double noise_multiplier)
    : sampling_rate_(sampling_rate),
      noise_(noise_multiplier),
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
  Edge left = panels_.empty() ? edge(-kReach * noise_) : panels_.back().right;
  while (left.z < end) {
    const Edge right = edge(left.z + panel_width(left.z));
    panels_.push_back({left, right, {}});
    left = right;
  }
}

SampledGaussianCurve::Node SampledGaussianCurve::node(double z, double quadrature_weight) const {
  const Edge at = edge(z);
  Node made{.log_ratio = at.log_ratio,
            .phi = 0,
            .one_plus_x = 1,
            .log_weight = at.log_density + std::log(quadrature_weight),
            .weight = 0};
  const double x = std::expm1(at.log_ratio);
  if (at.log_ratio > 0) {
    made.phi = at.log_ratio > 0.05 ? at.log_ratio + std::expm1(-at.log_ratio) : small_phi(x) / (1 + x);
    made.log_weight += at.log_ratio;
  } else {
    made.phi = x < -0.05 ? (1 + x) * at.log_ratio - x : small_phi(x);
    made.one_plus_x = 1 + x;
  }
  made.weight = std::exp(made.log_weight);
  return made;
}

void SampledGaussianCurve::fill(Panel& panel) const {
  const double half = 0.5 * (panel.right.z - panel.left.z);
  const double centre = 0.5 * (panel.right.z + panel.left.z);
  for (const QuadratureNode& at : kGaussLegendre) {
    panel.nodes.push_back(node(centre - half * at.place, half * at.weight));
    panel.nodes.push_back(node(centre + half * at.place, half * at.weight));
  }
}

double SampledGaussianCurve::log_expectation(double order_minus_one) {
  const double order = 1 + order_minus_one;
  // Where b L is large, the integrand is as large as its bound, so the largest of those bounds tells what is
  // negligible.
  const auto is_large = [&](double log_ratio) { return order_minus_one * log_ratio > kLargeExponent; };
  double peak = -std::numeric_limits<double>::infinity();
  for (const Panel& panel : panels_) {
    if (is_large(panel.left.log_ratio)) peak = std::max(peak, panel.log_bound(order));
  }
  double plain = 0;
  LogSum large;
  for (Panel& panel : panels_) {
    if (panel.log_bound(order) < peak - kNegligible) continue;
    if (panel.nodes.empty()) fill(panel);
    for (const Node& at : panel.nodes) {
      const double exponent = order_minus_one * at.log_ratio;
      if (is_large(at.log_ratio)) {
        large.add(at.log_weight + exponent);
      } else {
        plain += at.weight * (order_minus_one * at.phi + at.one_plus_x * psi(exponent));
      }
    }
  }
  large.add(std::log(plain));
  return large.log();
}

double SampledGaussianCurve::cumulant(double order_minus_one) {
  const double order = 1 + order_minus_one;
  const double end = std::max(order, 2.0) + kReach * noise_;
  double value = 0;
  if (end + kReach * noise_ > kMaximumPanels * kWidestPanel * noise_) {
    value = order * log_mixture(sampling_rate_, order_minus_one / (2 * noise_ * noise_));
  } else {
    extend_to(end);
    value = log_one_plus_exp(log_expectation(order_minus_one));
  }
  return value * (1 + kRenyiSlack) + kSmallestCumulant;
}

}  // namespace dpml
