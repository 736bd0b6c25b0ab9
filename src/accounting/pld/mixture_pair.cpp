#include "mixture_pair.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::ulps;

constexpr double kFarBelow = -0.5;   // A or B, of which 1 + A has lost digits
constexpr double kOverflow = 300;    // of an exponent, before both sides are divided by its exponential
constexpr double kPanel = 0.15;      // width of a panel in units of the shortest scale; 4 nodes give 2e-14 there
constexpr double kProbePanel = 0.1;  // width of a cell of a probe, in standard deviations
constexpr std::size_t kMostCells = 1 << 18;
constexpr std::int64_t kMostHalfSteps = std::int64_t{1} << 40;  // of a cell
constexpr double kWidestCell = 30;                              // in the loss: masses of P and Q must both be numbers

struct QuadratureNode {
  double place;  // in units of half the panel
  double weight;
};
constexpr std::array<QuadratureNode, 4> kGaussLegendre = {{{-0.861136311594052575, 0.347854845137453857},
                                                           {-0.339981043584856265, 0.652145154862546143},
                                                           {0.339981043584856265, 0.652145154862546143},
                                                           {0.861136311594052575, 0.347854845137453857}}};

double normal_above(double z) {
  return 0.5 * std::erfc(z / std::numbers::sqrt2);
}

/// How many standard deviations leave out less than `mass`.
double reach(double mass) {
  return std::sqrt(-2 * std::log(mass));
}

}  // namespace

MixturePair::MixturePair(std::vector<Component> p, std::vector<Component> q, double noise)
    : p_(std::move(p)),
      q_(std::move(q)),
      noise_(noise),
      log_peak_(-std::log(noise * std::sqrt(2 * std::numbers::pi))),
      largest_mean_(0) {
  for (const auto* side : {&p_, &q_}) {
    for (const Component& component : *side) largest_mean_ = std::max(largest_mean_, std::fabs(component.mean));
  }
}

double MixturePair::Ratio::log() const {
  return is_moderate ? std::log1p(minus_1) : scale + std::log(scaled);
}

MixturePair::Ratio MixturePair::ratio(const std::vector<Component>& side, double x) const {
  const double variance = noise_ * noise_;
  const auto exponent = [&](const Component& component) {
    return component.mean * (x - 0.5 * component.mean) / variance;
  };
  double largest = -std::numeric_limits<double>::infinity();
  for (const Component& component : side) largest = std::max(largest, exponent(component));
  Ratio at;
  if (largest <= kOverflow) {
    for (const Component& component : side) {
      if (component.mean == 0) continue;
      const double raised = std::expm1(exponent(component));
      at.minus_1 += component.weight * raised;
      at.slope += component.weight * component.mean / variance * (raised + 1);
    }
    at.scaled = 1 + at.minus_1;
    if (at.minus_1 > kFarBelow) return at;
  }
  at = {.is_moderate = false, .scale = largest};
  for (const Component& component : side) {
    const double raised = std::exp(exponent(component) - largest);
    at.scaled += component.weight * raised;
    at.slope += component.weight * component.mean / variance * raised;
  }
  return at;
}

double MixturePair::log_normal_density(double x) const {
  return log_peak_ - 0.5 * (x / noise_) * (x / noise_);
}

double MixturePair::panel_width(double x) const {
  return kPanel / (std::fabs(x) / (noise_ * noise_) + 1 / noise_ + largest_mean_ / (noise_ * noise_));
}

/// From the difference where the ratio is near 1, from the integrals where P is far above.
double MixturePair::Integral::loss_above_left() const {
  return difference < 0.5 * p ? -std::log1p(-difference / p) : std::log(p / other);
}

MixturePair::Integral MixturePair::integrate(double from, double to, const Ratios& left) const {
  Integral sum;
  const double left_ratio = left.p.scaled / left.q.scaled;
  const double left_loss = left.loss();
  const bool is_left_moderate = left.p.is_moderate && left.q.is_moderate;
  const auto panels = static_cast<int>(std::ceil((to - from) / std::min(panel_width(from), panel_width(to))));
  const double half = 0.5 * (to - from) / panels;
  for (int panel = 0; panel < panels; ++panel) {
    for (const QuadratureNode& node : kGaussLegendre) {
      const double x = from + (2 * panel + 1 + node.place) * half;
      const Ratios at = ratios(x);
      const double weight = node.weight * half * std::exp(log_normal_density(x) + at.p.scale);
      const bool is_scaled = !(is_left_moderate && at.p.is_moderate && at.q.is_moderate);
      const double fall = is_scaled ? std::exp(left_loss - at.loss()) : 0;
      const double difference = is_scaled
                                    ? at.p.scaled * -std::expm1(left_loss - at.loss())
                                    : (at.p.minus_1 - left.p.minus_1) - left_ratio * (at.q.minus_1 - left.q.minus_1);
      sum.p += weight * at.p.scaled;
      sum.difference += weight * difference;
      sum.other += weight * (is_scaled ? at.p.scaled * fall : left_ratio * at.q.scaled);
    }
  }
  return sum;
}

double MixturePair::p_above(double x) const {
  double sum = 0;
  for (const Component& component : p_) sum += component.weight * normal_above((x - component.mean) / noise_);
  return sum;
}

double MixturePair::p_below(double x) const {
  double sum = 0;
  for (const Component& component : p_) sum += component.weight * normal_above((component.mean - x) / noise_);
  return sum;
}

MixturePair::Range MixturePair::range_without(double cut) const {
  Range range{0, 0};
  for (const Component& component : p_) {
    if (!(component.weight > cut)) continue;
    const double distance = noise_ * reach(cut / component.weight);
    range.from = std::min(range.from, component.mean - distance);
    range.to = std::max(range.to, component.mean + distance);
  }
  return range;
}

double MixturePair::place_of_loss(double loss, double guess, Range range) const {
  double x = std::clamp(guess, range.from, range.to);
  for (int i = 0; i < 100 && range.from < range.to; ++i) {
    const Ratios at = ratios(x);
    const double error = at.loss() - loss;
    const double newton = x - error / at.loss_slope();
    // Newton's method squares the error of each step.
    if (std::fabs(newton - x) <= 1e-7 * panel_width(x)) return std::clamp(newton, range.from, range.to);
    (error > 0 ? range.to : range.from) = x;
    x = newton > range.from && newton < range.to ? newton : 0.5 * (range.from + range.to);
  }
  return x;
}

LossCells MixturePair::cells(const LossGrid& grid, double cut) const {
  const Range range = range_without(cut);
  LossCells made;
  made.cut_above = p_above(range.to);
  made.cut_below = p_below(range.from);
  const double half_step = 0.5 * grid.step;
  double x = range.from;
  Ratios left = ratios(x);
  double left_loss = left.loss();
  const double last_loss = ratios(range.to).loss();
  auto low = static_cast<std::int64_t>(std::floor((left_loss - grid.offset) / half_step));
  std::int64_t width = 1;
  while (x < range.to) {
    if (made.cells.size() > kMostCells) {  // the rest counts as larger than any
      made.cut_above += p_above(x);
      break;
    }
    const auto may_have = [&](double log_mass, double loss, double in_half_steps) {
      return in_half_steps <= 1 ||
             std::exp(log_mass + grid.log_weight(loss)) * in_half_steps * in_half_steps <= kSmallWeight;
    };
    // A cell twice as wide as the last one, if the density here allows it; smaller again, if what came out does not.
    const double log_density = log_normal_density(x) + left.p.log() - std::log(left.loss_slope());  // in the loss
    const auto looks_small = [&](std::int64_t w) {
      const double in_steps = static_cast<double>(w);
      return may_have(log_density + std::log(half_step * in_steps), left_loss + half_step * in_steps, in_steps);
    };
    while (low % width != 0) width /= 2;
    if (width < kMostHalfSteps && low % (2 * width) == 0 && static_cast<double>(width) * grid.step <= kWidestCell &&
        looks_small(2 * width)) {
      width *= 2;
    }
    double to = x;
    LossCell cell{};
    for (;; width /= 2) {
      const double edge = grid.edge(low + width);
      to =
          edge >= last_loss ? range.to : place_of_loss(edge, x + (edge - left_loss) / left.loss_slope(), {x, range.to});
      const Integral integral = integrate(x, to, left);
      const double loss = integral.p > 0 ? left_loss + integral.loss_above_left() : left_loss;
      cell = {integral.p, loss, low, low + width};
      if (may_have(std::log(cell.mass), edge, static_cast<double>(width))) break;
    }
    if (cell.mass > 0) made.cells.push_back(cell);
    x = to;
    left = ratios(x);
    left_loss = left.loss();
    low = cell.high;
  }
  return made;
}

DominatingPair::Likeness MixturePair::likeness() const {
  return {std::fabs(ratios(noise_).loss()), std::fabs(ratios(largest_mean_ + 4 * noise_).loss())};
}

double MixturePair::many_cells(const LossGrid&, double wide) const {
  return std::min(wide, static_cast<double>(kMostCells));
}

double MixturePair::work_of_cell() const {
  return 100 + 130 * static_cast<double>(p_.size() + q_.size());
}

/// Finite where every component of P is one of Q, too: P / Q is then at most the largest ratio of their weights.
Interval MixturePair::largest_loss() const {
  double largest = 0;
  for (const Component& of_p : p_) {
    double weight = 0;
    for (const Component& of_q : q_) {
      if (of_q.mean == of_p.mean) weight += of_q.weight;
    }
    largest = std::max(largest, of_p.weight / weight);
  }
  const double loss = std::log(largest);
  if (std::isinf(loss)) return {loss, loss};
  const double rounding = ulps(8) * (1 + loss);  // absolute: weights that are nearly 1 are known no better
  return {std::max(0.0, loss - rounding), loss + rounding};
}

LossCells MixturePair::probe(double cut) const {
  const Range range = range_without(cut);
  LossCells made{.cut_above = p_above(range.to), .cut_below = p_below(range.from)};
  for (double x = range.from; x < range.to;) {
    const double to = std::min(range.to, x + std::min(kProbePanel * noise_, 2 * panel_width(x)));
    const Ratios left = ratios(x);
    const Integral integral = integrate(x, to, left);
    if (integral.p > 0) {
      made.cells.push_back({integral.p, left.loss() + integral.loss_above_left(), 0, 0});
    }
    x = to;
  }
  return made;
}

}  // namespace dpml::pld
