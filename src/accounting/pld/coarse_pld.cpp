#include "coarse_pld.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace dpml::pld {

namespace {

constexpr std::size_t kMostLooks = 48;  // of a few hundred cells each, which every tilt that is tried goes through

/// Phases in order of their likeness.
std::vector<std::size_t> in_order(const std::vector<CountedPair>& phases) {
  std::vector<std::size_t> order(phases.size());
  std::iota(order.begin(), order.end(), 0);
  if (phases.size() <= kMostLooks) return order;
  std::vector<std::pair<double, double>> keys;
  for (const CountedPair& phase : phases) {
    const DominatingPair::Likeness like = phase.pair->likeness();
    keys.emplace_back(std::round(4 * std::log2(like.usual + std::numeric_limits<double>::min())), like.large);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  return order;
}

}  // namespace

CoarsePld::CoarsePld(const std::vector<CountedPair>& phases, double cut) : look_of_(phases.size()) {
  const std::vector<std::size_t> order = in_order(phases);
  const std::size_t many = std::min(phases.size(), kMostLooks);
  for (std::size_t i = 0; i < many; ++i) {
    const std::size_t from = i * phases.size() / many;
    const std::size_t to = (i + 1) * phases.size() / many;
    Look& made = looks_.emplace_back(Look{{}, {}, 0});
    for (std::size_t k = from; k < to; ++k) {
      made.count += phases[order[k]].count;
      look_of_[order[k]] = i;
    }
    for (const LossCell& cell : phases[order[(from + to) / 2]].pair->probe(cut).cells) {
      made.log_masses.push_back(std::log(cell.mass));
      made.losses.push_back(cell.loss);
    }
  }
}

CoarsePld CoarsePld::given_jumps(double staying, const std::vector<bool>& is_split,
                                 const std::vector<Jumps>& jumps) const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CoarsePld made;
  const auto add = [&](const Look& look, double from, double to, double count) {
    if (!(count > 0)) return;
    Look part{{}, {}, count};
    for (std::size_t i = 0; i < look.losses.size(); ++i) {
      if (!(look.losses[i] > from && look.losses[i] <= to)) continue;
      part.log_masses.push_back(look.log_masses[i]);
      part.losses.push_back(look.losses[i]);
    }
    made.looks_.push_back(std::move(part));
  };
  for (std::size_t i = 0; i < looks_.size(); ++i) {
    double stays = looks_[i].count;
    for (const Jumps& some : jumps) {
      if (some.phase != i) continue;
      add(looks_[i], some.from, some.to, some.count);
      stays -= some.count;
    }
    add(looks_[i], -kInfinity, is_split[i] ? staying : kInfinity, stays);
  }
  return made;
}

CoarsePld::Moments CoarsePld::of_one(std::size_t phase, double from, double to, double tilt) const {
  return moments(looks_[look_of_[phase]], tilt, from, to);
}

/// Of the losses in (from, to].
CoarsePld::Moments CoarsePld::moments(const Look& look, double tilt, double from, double to) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < look.losses.size(); ++i) {
    if (look.losses[i] > from && look.losses[i] <= to) {
      largest = std::max(largest, look.log_masses[i] + tilt * look.losses[i]);
    }
  }
  if (!std::isfinite(largest)) return {largest, 0, 0};
  double sum = 0;
  double mean = 0;
  double square = 0;
  for (std::size_t i = 0; i < look.losses.size(); ++i) {
    if (!(look.losses[i] > from && look.losses[i] <= to)) continue;
    const double weight = std::exp(look.log_masses[i] + tilt * look.losses[i] - largest);
    sum += weight;
    mean += weight * look.losses[i];
    square += weight * look.losses[i] * look.losses[i];
  }
  mean /= sum;
  return {largest + std::log(sum), mean, std::max(0.0, square / sum - mean * mean)};
}

double CoarsePld::cumulant(double tilt) const {
  double sum = 0;
  for (const Look& look : looks_) sum += look.count * moments(look, tilt).cumulant;
  return sum;
}

double CoarsePld::mean(double tilt) const {
  double sum = 0;
  for (const Look& look : looks_) sum += look.count * moments(look, tilt).mean;
  return sum;
}

double CoarsePld::variance(double tilt) const {
  double sum = 0;
  for (const Look& look : looks_) sum += look.count * moments(look, tilt).variance;
  return sum;
}

double CoarsePld::count() const {
  double sum = 0;
  for (const Look& look : looks_) sum += look.count;
  return sum;
}

double CoarsePld::largest_loss() const {
  double largest = 0;
  for (const Look& look : looks_) largest = std::max(largest, largest_of(look));
  return largest;
}

double CoarsePld::largest_of(const Look& look) {
  if (look.losses.empty()) return 0;
  return std::max(std::fabs(look.losses.front()), std::fabs(look.losses.back()));
}

double CoarsePld::window(double tilt, double log_outside) const {
  const double centre = cumulant(tilt);
  const double usual = std::sqrt(-2 * log_outside / variance(tilt));
  double above = std::numeric_limits<double>::infinity();
  double below = above;
  for (double part : {1.0, 0.6, 0.35, 0.2}) {
    const double more = part * usual;
    above = std::min(above, (cumulant(tilt + more) - centre - log_outside) / more);
    below = std::min(below, (cumulant(tilt - more) - centre - log_outside) / more);
  }
  return above + below;
}

double CoarsePld::moves(double tilt, double distance) const {
  double sum = 0;
  for (const Look& look : looks_) {
    const double cumulant = moments(look, tilt).cumulant;
    for (std::size_t i = 0; i < look.losses.size(); ++i) {
      if (std::fabs(look.losses[i]) <= distance) continue;
      sum += look.count * std::exp(look.log_masses[i] + tilt * look.losses[i] - cumulant);
    }
  }
  return sum;
}

double CoarsePld::step_that_adds(double tilt, double allowed, double most) const {
  std::vector<double> weights;  // how often in all
  std::vector<double> losses;
  for (const Look& look : looks_) {
    const double cumulant = moments(look, tilt).cumulant;
    for (std::size_t i = 0; i < look.losses.size(); ++i) {
      weights.push_back(look.count * std::exp(look.log_masses[i] + tilt * look.losses[i] - cumulant));
      losses.push_back(std::fabs(look.losses[i]));
    }
  }
  const auto added = [&](double step) {
    double sum = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) sum += weights[i] * std::min(losses[i], step / 6);
    return sum * step;
  };
  double step = std::min(std::sqrt(6 * allowed / count()), most);
  while (2 * step < most && added(2 * step) < allowed) step *= 2;
  return std::min(most, step * std::sqrt(allowed / added(step)));
}

double CoarsePld::many_cells(std::size_t phase, const LossGrid& grid) const {
  const Look& look = looks_[look_of_[phase]];
  double sum = 0;
  for (std::size_t i = 0; i + 1 < look.losses.size(); ++i) {
    const double half_steps = (look.losses[i + 1] - look.losses[i]) / (0.5 * grid.step);
    if (!(half_steps > 1)) {
      sum += std::max(0.0, half_steps);
      continue;
    }
    // A cell w half steps wide has the part w / half_steps of the mass here.
    const double weight = std::exp(look.log_masses[i] + grid.log_weight(look.losses[i]));
    sum += half_steps / std::clamp(std::cbrt(kSmallWeight * half_steps / weight), 1.0, half_steps);
  }
  return sum;
}

}  // namespace dpml::pld
