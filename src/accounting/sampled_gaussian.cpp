#include "sampled_gaussian.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace dpml {

namespace {

constexpr double kReach = 9;          // standard deviations; the density beyond is below 3e-18 of its peak
constexpr double kWidestPanel = 2.5;  // standard deviations
constexpr double kMaximumPanels = 2048;
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

/// log(exp(a) + exp(b)).
double log_add(double a, double b) {
  const double larger = std::max(a, b);
  if (std::isinf(larger)) return larger;
  return larger + std::log1p(std::exp(std::min(a, b) - larger));
}

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

SampledGaussianCurve::SampledGaussianCurve(double sampling_rate, double noise_multiplier)
    : sampling_rate_(sampling_rate),
      noise_(noise_multiplier),
      branch_(noise_ * noise_ * (std::log1p(-sampling_rate_) - std::log(sampling_rate_)) + 0.5),
      end_(-kReach * noise_) {}

double SampledGaussianCurve::panel_width(double start) const {
  const double distance = start < branch_ ? 0.5 * (branch_ - start) : start - branch_;
  return std::min(kWidestPanel * noise_, std::max(2 * noise_ * noise_, distance));
}

SampledGaussianCurve::Node SampledGaussianCurve::node(double z, double quadrature_weight) const {
  const double log_ratio = log_mixture(sampling_rate_, (z - 0.5) / (noise_ * noise_));
  const double log_density = -0.5 * (z / noise_) * (z / noise_) - std::log(noise_ * std::sqrt(2 * std::numbers::pi));
  Node made{.log_ratio = log_ratio,
            .phi = 0,
            .one_plus_x = 1,
            .log_weight = log_density + std::log(quadrature_weight),
            .weight = 0};
  if (log_ratio > 0.05) {
    made.phi = log_ratio + std::expm1(-log_ratio);
    made.log_weight += log_ratio;
  } else {
    const double x = std::expm1(log_ratio);
    made.one_plus_x = 1 + x;
    made.phi = x < -0.05 ? (1 + x) * log_ratio - x : small_phi(x);
  }
  made.weight = std::exp(made.log_weight);
  return made;
}

void SampledGaussianCurve::extend_to(double end) {
  while (end_ < end) {
    const double half = 0.5 * panel_width(end_);
    const double centre = end_ + half;
    for (auto at = kGaussLegendre.rbegin(); at != kGaussLegendre.rend(); ++at) {
      nodes_.push_back(node(centre - half * at->place, half * at->weight));
    }
    for (const QuadratureNode& at : kGaussLegendre) {
      nodes_.push_back(node(centre + half * at.place, half * at.weight));
    }
    end_ += 2 * half;
  }
}

double SampledGaussianCurve::log_sum(double order_minus_one) const {
  double plain = 0;
  std::size_t i = 0;
  for (; i < nodes_.size() && order_minus_one * nodes_[i].log_ratio <= kLargeExponent; ++i) {
    const Node& at = nodes_[i];
    plain += at.weight * (order_minus_one * at.phi + at.one_plus_x * psi(order_minus_one * at.log_ratio));
  }
  const std::size_t first_large = i;
  double largest = -std::numeric_limits<double>::infinity();
  for (; i < nodes_.size(); ++i) {
    largest = std::max(largest, nodes_[i].log_weight + order_minus_one * nodes_[i].log_ratio);
  }
  double scaled = 0;
  for (i = first_large; i < nodes_.size(); ++i) {
    scaled += std::exp(nodes_[i].log_weight + order_minus_one * nodes_[i].log_ratio - largest);
  }
  return log_add(std::log(plain), largest + std::log(scaled));
}

double SampledGaussianCurve::cumulant(double order_minus_one) {
  const double order = 1 + order_minus_one;
  const double end = std::max(order, 2.0) + kReach * noise_;
  double value = 0;
  if (end + kReach * noise_ > kMaximumPanels * kWidestPanel * noise_) {
    value = order * log_mixture(sampling_rate_, order_minus_one / (2 * noise_ * noise_));
  } else {
    extend_to(end);
    value = log_one_plus_exp(log_sum(order_minus_one));
  }
  return value * (1 + kRenyiSlack) + kSmallestCumulant;
}

}  // namespace dpml
