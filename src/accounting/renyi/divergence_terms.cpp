#include "divergence_terms.h"

#include <cmath>

namespace dpml::renyi {

namespace {

// Where K underflows, the slack must still be above it.
constexpr double kSmallestCumulant = 1e-280;

/// (1 + x) log(1 + x) - x for |x| <= 0.05, by its series sum_k (-1)^k x^k / (k (k - 1)), k >= 2.
double small_phi(double x) {
  double sum = 0;
  for (int k = 13; k >= 2; --k) sum = 1.0 / (k * (k - 1)) - x * sum;
  return x * x * sum;
}

}  // namespace

double with_slack(double cumulant) {
  return cumulant * (1 + kRenyiSlack) + kSmallestCumulant;
}

double psi(double u) {
  if (std::fabs(u) > 0.1) return std::expm1(u) - u;
  double sum = 0;
  for (int k = 11; k >= 2; --k) sum = (1 + u * sum) / k;
  return u * u * sum;
}

double log_one_plus_exp(double a) {
  return a > 0 ? a + std::log1p(std::exp(-a)) : std::log1p(std::exp(a));
}

double log_mixture(double q, double t) {
  if (q == 1) return t;
  if (t > 30) return t + std::log(q + (1 - q) * std::exp(-t));
  const double x = q * std::expm1(t);
  return x > -0.5 ? std::log1p(x) : std::log((1 - q) + q * std::exp(t));
}

double log_mean_exponential(double u) {
  return u < 1e-3 ? -u / 2 + u * u / 24 : std::log(-std::expm1(-u) / u);
}

void LogSum::add(double log_term) {
  if (log_term == -std::numeric_limits<double>::infinity()) return;
  if (log_term > largest_) {
    scaled_ = scaled_ * std::exp(largest_ - log_term) + 1;
    largest_ = log_term;
  } else {
    scaled_ += std::exp(log_term - largest_);
  }
}

double LogSum::log() const {
  return largest_ + std::log(scaled_);
}

RatioNode make_ratio_node(double log_ratio, double log_mass) {
  RatioNode made{.log_ratio = log_ratio, .phi = 0, .one_plus_x = 1, .log_weight = log_mass, .weight = 0};
  const double x = std::expm1(log_ratio);
  if (log_ratio > 0) {
    made.phi = log_ratio > 0.05 ? log_ratio + std::expm1(-log_ratio) : small_phi(x) / (1 + x);
    made.log_weight += log_ratio;
  } else {
    made.phi = x < -0.05 ? (1 + x) * log_ratio - x : small_phi(x);
    made.one_plus_x = 1 + x;
  }
  made.weight = std::exp(made.log_weight);
  return made;
}

RatioNode swapped(double log_ratio, double log_mass) {
  return make_ratio_node(-log_ratio, log_mass + log_ratio);
}

void ExcessSum::add(const RatioNode& node) {
  const double exponent = order_minus_one_ * node.log_ratio;
  if (is_large_exponent(exponent)) {
    large_.add(node.log_weight + exponent);
  } else {
    const double powers = node.one_plus_x == 0 ? 0 : node.one_plus_x * psi(exponent);  // psi may be infinite there
    plain_ += node.weight * (order_minus_one_ * node.phi + powers);
  }
}

double ExcessSum::cumulant() const {
  LogSum sum = large_;
  sum.add(std::log(plain_));
  return log_one_plus_exp(sum.log());
}

}  // namespace dpml::renyi
