#include "tilted_composition.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "numerics/fourier.h"
#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kHalfUlp;
using numerics::kInfinity;

using Complex = std::complex<double>;

// Errors of single releases are the error budget of docs/accounting.md: of these sizes by the roundings of the
// pairs' formulas. tests/accounting/pld/oracle_grid_test.cpp compares what comes out with an oracle.
constexpr double kMassError = 4e-14;         // of the mass of a cell, relative
constexpr double kExponentError = 8e-16;     // of the tilted mass of a cell, relative to the size of its exponent, and
constexpr double kPartOfLogMass = 0.3;       // as much of it relative to the size of its logarithm
constexpr double kLossError = 2e-15;         // of the loss of a cell and its node, relative to the largest loss
constexpr double kPlaceError = 1e-15;        // of epsilon on the window, relative to what is added up for it
constexpr double kLostToUnderflow = 1e-300;  // what may have become 0 on the way to one sum, at each point
constexpr double kMuchError = 30;            // of rounding, in masses outside of the window
constexpr double kNegligibleExponent = 60;   // exp(-60) is 1e-26 of a sum
constexpr double kMostSmoothPoints = 1e15;   // places of more are no whole numbers in doubles
constexpr double kMargin = 2;        // points at either end of the window; epsilon may lie below the lowest loss
constexpr double kWorkOfNode = 100;  // to tilt it, and to see how far the sum spreads
constexpr std::size_t kMostExtended = 1 << 17;  // points in long double, which takes ten times as long

/// 1 - exp(-a + i w), for a >= 0, also where both are tiny.
Complex one_minus_exp(double a, double w) {
  const double size = std::exp(-a);
  const double half_sine = std::sin(0.5 * w);
  return {-std::expm1(-a) + 2 * size * half_sine * half_sine, -size * std::sin(w)};
}

double total_mass(const DiscretePld& lattice) {
  double sum = 0;
  for (const DiscretePld::Node& node : lattice.nodes) sum += node.mass;
  return sum;
}

}  // namespace

double relative_error(const TiltedPld& lattice, double count, double tilt) {
  return count *
         (kMassError + kExponentError * (kPartOfLogMass * lattice.largest_log_mass + tilt * lattice.largest_loss));
}

/// Everything but the masses.
std::vector<CountedTiltedPld> TiltedComposition::tilt_all(const std::vector<CountedPld>& parts) {
  std::vector<CountedTiltedPld> tilted;
  double count = 0;
  double largest_loss = 0;
  double error = 1e-12;
  for (const CountedPld& part : parts) {
    const TiltedPld& made = tilted.emplace_back(CountedTiltedPld{TiltedPld(part.lattice, tilt_), part.count}).lattice;
    count += part.count;
    largest_loss = std::max(largest_loss, made.largest_loss);
    error += relative_error(made, part.count, tilt_);
    log_total_ += part.count * std::min(0.0, std::log(total_mass(part.lattice)));
    cumulant_ += part.count * made.cumulant;
    centre_ += part.count * made.centre_loss;
    if (!made.places.empty()) largest_sum_ += part.count * part.lattice.loss(part.lattice.nodes.back().index);
  }
  step_ = parts.front().lattice.step;
  largest_factor_ = std::exp(-std::log1p(tilt_) - tilt_ * std::log1p(1 / tilt_));
  relative_ = std::expm1(error);
  loss_error_ = count * kLossError * largest_loss;
  return tilted;
}

TiltedComposition::TiltedComposition(Side side, const std::vector<CountedPld>& parts, const Window& window,
                                     WorkBudget& budget)
    : side_(side), tilt_(window.tilt) {
  const std::vector<CountedTiltedPld> tilted = tilt_all(parts);
  if (!(window.most_points > 0) || is_nothing()) return;
  double nodes = 0;
  for (const CountedTiltedPld& phase : tilted) nodes += static_cast<double>(phase.lattice.weights.size());
  budget.spend(kWorkOfNode * nodes);
  const Spread spread = spread_of(tilted, window.log_outside);
  const double width = (spread.to - spread.from) / step_ + 2 + 2 * kMargin;
  wanted_points_ = width;
  if (!(width < kMostSmoothPoints)) return;
  first_ = static_cast<std::int64_t>(std::floor((spread.from - centre_) / step_) - kMargin);
  outside_ = largest_factor_ * kBothEnds * std::exp(window.log_outside);

  std::optional<Spectrum> smooth;
  if (width * static_cast<double>(tilted.size()) > 4 * nodes) {
    smooth = compose_by_coefficients(tilted, static_cast<std::int64_t>(width), budget);
  }
  if (smooth) take(std::move(*smooth), std::floor(width));
  if (width <= window.most_points && (!smooth || rounding_ > kMuchError * outside_)) {
    const std::size_t size = numerics::convenient_transform_size(static_cast<std::size_t>(width));
    const auto may_transform = [&](Precision precision) {
      const double work = work_of_transforms(tilted.size(), static_cast<double>(size), precision);
      if (!budget.allows(work)) return false;
      budget.spend(work);
      return true;
    };
    if (may_transform(Precision::usual)) {
      ComposedMasses masses = compose_by_fft(tilted, size);
      if (rounding_of(masses) > kMuchError * outside_ && size <= kMostExtended && may_transform(Precision::extended)) {
        masses = compose_by_fft(tilted, size, Precision::extended);
      }
      if (!smooth || rounding_of(masses) < rounding_) take(std::move(masses));
    }
  }
  if (!(points_ > 0)) return;
  origin_ = centre_ + step_ * static_cast<double>(first_);
  rounding_ += points_ * kLostToUnderflow;
  // A term k places up goes through k steps of either tail, of less than 8 roundings.
  relative_ += 8 * kHalfUlp * std::min(points_, kNegligibleExponent / (tilt_ * step_));
}

/// The sum of all factors of W in D, on that many points.
double TiltedComposition::factor_sum(double many) const {
  return std::min(many * largest_factor_,
                  largest_factor_ + 1 / -std::expm1(-tilt_ * step_) - 1 / -std::expm1(-(tilt_ + 1) * step_));
}

void TiltedComposition::take(Spectrum smooth, double many) {
  points_ = many;
  coefficients_ = std::move(smooth.coefficients);
  rounding_ = smooth.pointwise_error * factor_sum(points_);
  for (std::size_t k = 0; k < coefficients_.size(); ++k) {  // of smooth_sum
    const double frequency = 2 * std::numbers::pi * static_cast<double>(k) / points_;
    rounding_ +=
        128 * kHalfUlp / points_ * std::abs(coefficients_[k]) / std::abs(one_minus_exp(tilt_ * step_, frequency));
  }
}

double TiltedComposition::rounding_of(const ComposedMasses& masses) const {
  const double sum = factor_sum(static_cast<double>(masses.masses.size()));
  return std::min(masses.pointwise_error * sum, masses.norm_error * std::sqrt(largest_factor_ * sum));
}

void TiltedComposition::take(ComposedMasses masses) {
  rounding_ = rounding_of(masses);
  coefficients_.clear();
  tail_ = std::move(masses.masses);
  const auto size = static_cast<std::int64_t>(tail_.size());
  points_ = static_cast<double>(size);
  std::rotate(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(positive_modulo(first_, size)), tail_.end());
  tail_above_.assign(tail_.size(), 0);
  const double once = std::exp(-tilt_ * step_);
  const double more = std::exp(-step_);
  const double less = -std::expm1(-step_);
  for (std::size_t s = tail_.size() - 1; s-- > 0;) {  // 1 - exp(-(k + 1) step) = less + more (1 - exp(-k step))
    tail_above_[s] = once * (more * tail_above_[s + 1] + less * tail_[s + 1]);
    tail_[s] += once * tail_[s + 1];
  }
}

TiltedComposition::Errors TiltedComposition::errors(double epsilon) const {
  return {points_ > 0 ? sum_above(epsilon) : 0, outside_, rounding_};
}

/// Each coefficient's share is a geometric series in the place.
double TiltedComposition::smooth_sum(double place, double gap) const {
  const auto from = static_cast<std::int64_t>(place);
  const auto size = static_cast<std::int64_t>(points_);
  const double terms = points_ - place;
  const double weight = std::exp(-tilt_ * gap);
  const double weight_one_more = std::exp(-(tilt_ + 1) * gap);
  double sum = 0;
  for (std::size_t k = 0; k < coefficients_.size(); ++k) {
    const auto index = static_cast<std::int64_t>(k);
    const auto angle = [&](std::int64_t at) {
      const __int128 turns = static_cast<__int128>(index) * at % size;
      return 2 * std::numbers::pi * static_cast<double>(turns) / points_;
    };
    const double frequency = angle(1);
    const double last = angle(size - from);
    const auto series = [&](double decay) {
      return one_minus_exp(decay * step_ * terms, last) / one_minus_exp(decay * step_, frequency);
    };
    const Complex kernel = weight * series(tilt_) - weight_one_more * series(tilt_ + 1);
    sum += (k == 0 ? 1 : 2) * (coefficients_[k] * std::polar(1.0, angle(first_ + from)) * kernel).real();
  }
  return sum / points_;
}

double TiltedComposition::sum_above(double epsilon) const {
  const double place = (epsilon - origin_) / step_;
  const double above = std::max(0.0, std::ceil(place));
  if (!(above < points_)) return 0;
  const double gap = (above - place) * step_;
  if (!coefficients_.empty()) return smooth_sum(above, gap);
  const auto s = static_cast<std::size_t>(above);
  return std::exp(-tilt_ * gap) * (-std::expm1(-gap) * tail_[s] + std::exp(-gap) * tail_above_[s]);
}

double TiltedComposition::log_delta(double asked, bool counts_errors) const {
  if (is_nothing()) return -kInfinity;
  const bool is_above = side_ == Side::above;
  // Next to a loss that has mass, delta may change by any factor within an error of the losses.
  const double error = loss_error_ + kPlaceError * (std::fabs(asked) + std::fabs(origin_));
  const double epsilon = is_above ? asked - error : asked + error;
  if (epsilon > largest_sum_) return -kInfinity;
  double finite = is_above ? largest_factor_ * (1 + relative_) : 0;
  if (points_ > 0) {
    const double sum = sum_above(epsilon);
    const double absolute = counts_errors ? outside_ + rounding_ : 0;
    finite = is_above ? std::min(finite, sum * (1 + relative_) + absolute) : sum * (1 - relative_) - absolute;
  }
  if (std::isnan(finite) || std::isnan(cumulant_)) return is_above ? 0 : -kInfinity;
  const double found = finite > 0 ? cumulant_ - tilt_ * epsilon + std::log(finite) : -kInfinity;
  return is_above ? std::min(found, log_total_ + relative_) : found;
}

}  // namespace dpml::pld
