#include "tilted_pld.h"

#include <algorithm>
#include <cmath>

#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

/// How far from the mean, in the direction of `sign`, the mass beyond is at most exp(log_outside).
double reach(const std::vector<CountedTiltedPld>& phases, double log_outside, double deviation, double sign) {
  const double usual = std::sqrt(-2 * log_outside) / deviation;
  double farthest = 0;  // there is nothing beyond the largest sum
  for (const CountedTiltedPld& phase : phases) {
    const TiltedPld& lattice = phase.lattice;
    if (lattice.places.empty()) continue;
    const auto last = static_cast<double>(sign > 0 ? lattice.places.back() : lattice.places.front());
    farthest += phase.count * sign * (lattice.centre_loss + lattice.step * last - lattice.mean);
  }
  double chernoff = kInfinity;
  // For a normal sum part 1 is best; the heavier the tail, the smaller the best part.
  for (double part = 1.25; part > 1e-9; part *= 0.8) {
    const double more = part * usual;
    double cumulant = 0;
    for (const CountedTiltedPld& phase : phases) cumulant += phase.count * phase.lattice.centred_cumulant(sign * more);
    const double bound = (cumulant - log_outside) / more;
    if (bound > 1.02 * chernoff) break;
    chernoff = std::min(chernoff, bound);
  }
  return std::min(farthest, chernoff);
}

}  // namespace

TiltedPld::TiltedPld(const DiscretePld& of, double tilt)
    : cumulant(-kInfinity), centre_loss(of.offset), weights(of.nodes.size()), places(of.nodes.size()), step(of.step) {
  const auto& nodes = of.nodes;
  double largest = -kInfinity;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    weights[i] = std::log(nodes[i].mass) + tilt * of.loss(nodes[i].index);
    largest = std::max(largest, weights[i]);
  }
  long double exact_sum = 0;
  for (double& weight : weights) exact_sum += weight = std::exp(weight - largest);
  const auto sum = static_cast<double>(exact_sum);
  if (!nodes.empty()) cumulant = largest + std::log(sum);
  std::size_t heaviest = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    weights[i] /= sum;
    if (weights[i] > weights[heaviest]) heaviest = i;
    mean += weights[i] * of.loss(nodes[i].index);
    if (!(weights[i] > 0)) continue;
    largest_loss = std::max(largest_loss, std::fabs(of.loss(nodes[i].index)));
    largest_log_mass = std::max(largest_log_mass, std::fabs(std::log(nodes[i].mass)));
  }
  auto centre = static_cast<std::int64_t>(std::llround((mean - of.offset) / of.step));
  if (!nodes.empty() && weights[heaviest] > 0.5) centre = nodes[heaviest].index;
  centre_loss = of.loss(centre);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    places[i] = nodes[i].index - centre;
    const double from_mean = of.loss(nodes[i].index) - mean;
    variance += weights[i] * from_mean * from_mean;
  }
}

double TiltedPld::centred_cumulant(double more) const {
  const double factor = std::exp(more * step);
  const double shift = centre_loss - mean;
  double sum = 0;
  double power = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (i % 512 != 0 && places[i] == places[i - 1] + 1 && power > 1e-250) {
      power *= factor;
    } else {
      power = std::exp(more * (shift + step * static_cast<double>(places[i])));
    }
    sum += weights[i] * power;
  }
  return std::log(sum);
}

double tilted_mean(const std::vector<CountedPld>& parts, double tilt) {
  double mean = 0;
  for (const CountedPld& part : parts) {
    if (part.count == 0 || part.lattice.nodes.empty()) continue;
    mean += part.count * TiltedPld(part.lattice, tilt).mean;
  }
  return mean;
}

Spread spread_of(const std::vector<CountedTiltedPld>& phases, double log_outside) {
  double mean = 0;
  double variance = 0;
  for (const CountedTiltedPld& phase : phases) {
    mean += phase.count * phase.lattice.mean;
    variance += phase.count * phase.lattice.variance;
  }
  const double deviation = std::sqrt(variance);
  if (!(deviation > 0)) return {mean, mean};
  return {mean - reach(phases, log_outside, deviation, -1), mean + reach(phases, log_outside, deviation, 1)};
}

}  // namespace dpml::pld
