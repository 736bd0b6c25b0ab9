#include "loss_composition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "fourier.h"
#include "spectrum.h"
#include "tilted_lattice.h"

namespace dpml {

namespace {

using Complex = std::complex<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kUnit = std::numeric_limits<double>::epsilon() / 2;
constexpr double kMassError = 4e-14;      // of the mass of a cell, relative
constexpr double kExponentError = 8e-16;  // of the tilted mass of a cell, relative to the size of its exponent
constexpr double kLossError = 2e-15;      // of the loss of a cell and its node, relative to the largest loss
constexpr double kPlaceError = 1e-15;     // of epsilon on the window, relative to what is added up for it
constexpr double kUnderflow = 1e-300;     // what may have become 0 on the way to one sum, at each point
constexpr double kNegligibleExponent = 60;
constexpr double kCloseEnough = 1e-9;  // of the logarithm of delta
constexpr double kMostSmoothPoints = 1e15;
constexpr double kMargin = 2;  // points at either end of the window; epsilon may lie below the lowest loss
constexpr double kMostTransformed = 1 << 21;

/// 1 - exp(-a + i w), for a >= 0, also where both are tiny.
Complex one_minus_exp(double a, double w) {
  const double size = std::exp(-a);
  const double half_sine = std::sin(0.5 * w);
  return {-std::expm1(-a) + 2 * size * half_sine * half_sine, -size * std::sin(w)};
}

}  // namespace

bool LossComposition::Side::fill(const std::vector<ComposedPhase>& phases, LatticeLoss ComposedPhase::*lattice,
                                 double log_outside) {
  std::vector<TiltedPhase> tilted;
  std::size_t nodes = 0;
  double count = 0;
  double largest_loss = 0;
  double log_finite = 0;
  double centre = 0;
  for (const ComposedPhase& phase : phases) {
    tilted.push_back({TiltedLattice(phase.*lattice, tilt), phase.count});
    const TiltedLattice& made = tilted.back().lattice;
    nodes += made.weights.size();
    count += phase.count;
    largest_loss = std::max(largest_loss, made.largest_loss);
    log_finite += phase.count * std::log1p(-std::min(1.0, (phase.*lattice).infinite));
    cumulant += phase.count * made.cumulant;
    centre += phase.count * made.centre_loss;
    if (!made.places.empty()) largest_sum += phase.count * (phase.*lattice).loss((phase.*lattice).nodes.back().index);
  }
  log_infinite = log_finite < 0 ? std::log(-std::expm1(log_finite)) : -kInfinity;
  step = (phases.front().*lattice).step;
  const Spread spread = spread_of(tilted, log_outside);
  const double width = (spread.to - spread.from) / step + 2 + 2 * kMargin;
  if (!(width < kMostSmoothPoints)) return false;
  first = static_cast<std::int64_t>(std::floor((spread.from - centre) / step) - kMargin);
  origin = centre + step * static_cast<double>(first);

  double pointwise_error = 0;
  std::optional<Spectrum> smooth;
  if (width > 4 * static_cast<double>(nodes)) smooth = smooth_spectrum(tilted, static_cast<std::int64_t>(width));
  if (smooth) {
    points = std::floor(width);
    pointwise_error = smooth->pointwise_error;
    coefficients = std::move(smooth->coefficients);
  } else {
    if (width > kMostTransformed) return false;
    const std::size_t size = convenient_transform_size(static_cast<std::size_t>(width));
    points = static_cast<double>(size);
    Masses masses = transformed_masses(tilted, size);
    pointwise_error = masses.pointwise_error;
    tail = std::move(masses.masses);
    std::rotate(tail.begin(),
                tail.begin() + static_cast<std::ptrdiff_t>(positive_modulo(first, static_cast<std::int64_t>(size))),
                tail.end());
    tail_above.assign(size, 0);
    const double once = std::exp(-tilt * step);
    const double more = std::exp(-step);
    const double less = -std::expm1(-step);
    for (std::size_t s = size - 1; s-- > 0;) {  // 1 - exp(-(k + 1) step) = less + more (1 - exp(-k step))
      tail_above[s] = once * (more * tail_above[s + 1] + less * tail[s + 1]);
      tail[s] += once * tail[s + 1];
    }
  }

  relative = 1e-12 + count * (kMassError + kExponentError * tilt * largest_loss);
  // A term k places up goes through k steps of either tail, of less than 8 roundings.
  relative += 8 * kUnit * std::min(points, kNegligibleExponent / (tilt * step));
  loss_error = count * kLossError * largest_loss;
  // The largest factor of W in D, and the sum of all factors.
  const double largest_factor = std::exp(-std::log1p(tilt) + tilt * std::log(tilt / (1 + tilt)));
  const double factor_sum = std::min(
      points * largest_factor, largest_factor + 1 / -std::expm1(-tilt * step) - 1 / -std::expm1(-(tilt + 1) * step));
  absolute = largest_factor * 2 * std::exp(log_outside) + pointwise_error * factor_sum + points * kUnderflow;
  for (std::size_t k = 0; k < coefficients.size(); ++k) {  // rounding of smooth_sum
    const double frequency = 2 * std::numbers::pi * static_cast<double>(k) / points;
    absolute += 64 * kUnit / points * std::abs(coefficients[k]) / std::abs(one_minus_exp(tilt * step, frequency));
  }
  return true;
}

std::optional<LossComposition> LossComposition::make(const std::vector<ComposedPhase>& phases, double tilt,
                                                     double log_outside) {
  LossComposition made;
  made.upper_.tilt = made.lower_.tilt = tilt;
  if (!made.upper_.fill(phases, &ComposedPhase::dominating, log_outside)) return std::nullopt;
  if (!made.lower_.fill(phases, &ComposedPhase::dominated, log_outside)) return std::nullopt;
  return made;
}

/// Each coefficient's share is a geometric series in the place.
double LossComposition::Side::smooth_sum(double place, double gap) const {
  const auto from = static_cast<std::int64_t>(place);
  const auto size = static_cast<std::int64_t>(points);
  const double terms = points - place;
  const double weight = std::exp(-tilt * gap);
  const double weight_one_more = std::exp(-(tilt + 1) * gap);
  double sum = 0;
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    const auto index = static_cast<std::int64_t>(k);
    const auto angle = [&](std::int64_t at) {
      const __int128 turns = static_cast<__int128>(index) * at % size;
      return 2 * std::numbers::pi * static_cast<double>(turns) / points;
    };
    const double frequency = angle(1);
    const double last = angle(size - from);
    const auto series = [&](double decay) {
      return one_minus_exp(decay * step * terms, last) / one_minus_exp(decay * step, frequency);
    };
    const Complex kernel = weight * series(tilt) - weight_one_more * series(tilt + 1);
    sum += (k == 0 ? 1 : 2) * (coefficients[k] * std::polar(1.0, angle(first + from)) * kernel).real();
  }
  return sum / points;
}

double LossComposition::Side::sum_above(double epsilon) const {
  const double place = (epsilon - origin) / step;
  const double above = std::ceil(place);
  if (!(above < points)) return 0;
  const double gap = (above - place) * step;
  if (!coefficients.empty()) return smooth_sum(above, gap);
  const auto s = static_cast<std::size_t>(above);
  return std::exp(-tilt * gap) * (-std::expm1(-gap) * tail[s] + std::exp(-gap) * tail_above[s]);
}

double LossComposition::Side::log_delta(double asked) const {
  // Next to a loss that has mass, delta may change by any factor within an error of the losses.
  const double error = loss_error + kPlaceError * (std::fabs(asked) + std::fabs(origin));
  const double epsilon = is_upper ? asked - error : asked + error;
  if (epsilon < origin) return is_upper ? 0 : log_delta(origin);
  if (epsilon > largest_sum) return log_infinite;
  const double sum = sum_above(epsilon);
  const double finite = is_upper ? sum * (1 + relative) + absolute : sum * (1 - relative) - absolute;
  if (std::isnan(finite) || std::isnan(cumulant)) return is_upper ? 0 : -kInfinity;
  const double log_finite = finite > 0 ? cumulant - tilt * epsilon + std::log(finite) : -kInfinity;
  const double larger = std::max(log_finite, log_infinite);
  if (larger == -kInfinity) return -kInfinity;
  return std::min(0.0, larger + std::log1p(std::exp(std::min(log_finite, log_infinite) - larger)));
}

namespace {

enum class Where { before, after };

/// A place where a falling function is within kCloseEnough of 0, or as near as doubles are, on that side of it, given
/// function(from) > 0 >= function(to).
template <class Function>
double crossing(double from, double to, Where side, const Function& function) {
  double at_from = function(from);
  double at_to = function(to);
  for (int i = 0; i < 200; ++i) {
    if (side == Where::after ? at_to >= -kCloseEnough : at_from <= kCloseEnough) break;
    double middle = 0.5 * (from + to);
    // The logarithm of delta is close to a line, so aim at the wanted side of 0; now and then halve, whatever it is.
    if (i % 4 != 3 && std::isfinite(at_from) && std::isfinite(at_to)) {
      const double aim = (side == Where::after ? -0.5 : 0.5) * kCloseEnough;
      middle = from + (to - from) * (at_from - aim) / (at_from - at_to);
    }
    if (!(middle > from && middle < to)) break;
    const double at_middle = function(middle);
    (at_middle > 0 ? from : to) = middle;
    (at_middle > 0 ? at_from : at_to) = at_middle;
  }
  return side == Where::after ? to : from;
}

}  // namespace

double LossComposition::epsilon_upper(double log_target) const {
  if (upper_.log_infinite >= log_target) return kInfinity;
  if (log_delta_upper(0) <= log_target) return 0;
  const double from = std::max(0.0, upper_.origin);
  const double to = upper_.top();
  if (!(to > from) || log_delta_upper(to) > log_target) return kInfinity;
  if (log_delta_upper(from) <= log_target) return from;
  return crossing(from, to, Where::after, [&](double epsilon) { return log_delta_upper(epsilon) - log_target; });
}

double LossComposition::epsilon_lower(double log_target) const {
  // What is computed rises before it falls, because errors grow towards small epsilons: search down from the answer.
  double to = epsilon_upper(log_target);
  if (!(to < kInfinity)) to = lower_.top();
  double from = to;
  for (double down = std::min(lower_.step, 1 / lower_.tilt); !(log_delta_lower(from) > log_target); down *= 2) {
    if (from <= 0) return 0;
    to = from;
    from = std::max(0.0, to - down);
  }
  if (from == to) return from;
  return crossing(from, to, Where::before, [&](double epsilon) { return log_delta_lower(epsilon) - log_target; });
}

}  // namespace dpml
