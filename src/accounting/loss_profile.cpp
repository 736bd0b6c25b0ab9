#include "loss_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "minimise.h"

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMostCells = 1 << 22;
constexpr double kLeastStep = 1e-10;       // of the largest loss
constexpr double kLeastLogCut = -640;      // of the mass that a pair may leave out; doubles end at -708
constexpr double kLogProbeCut = -24;       // of that mass over all steps, compared with delta, while looking
constexpr double kCutOfGap = 0.02;         // the same while composing, compared with what delta may be wrong by
constexpr double kOutsideOfError = 3e-3;   // mass outside of the window, compared with D times its allowed error
constexpr double kRoundingOfError = 0.03;  // rounding, compared with the same
constexpr double kUsualRounding = 3e-13;   // of a release, times the tilt
constexpr double kHopeless = 300;          // an interval so many times too wide has another fault than its step
constexpr double kSmallEpsilon = 0.02;     // in standard deviations of the loss: closer to 0 it is hard to be precise
constexpr double kWorkOfCell = 10;         // in points of a transform
constexpr std::size_t kManyCells = 100000;
constexpr double kMostWork = 3e6;  // points transformed in all, after which an interval stays as it is
constexpr int kMostRefinements = 8;

}  // namespace

/// What every pair may leave out, where all releases together may leave out exp(log_mass).
double LossProfile::cut_at(double log_mass) const {
  double count = 0;
  for (const LossPhase& phase : phases_) count += phase.count;
  return std::exp(std::max(kLeastLogCut, log_mass - std::log(count)));
}

/// Looks at the pairs with as much of their tails as matters at this delta.
void LossProfile::look(double log_delta) {
  const double cut = cut_at(log_delta + kLogProbeCut);
  looks_.clear();
  for (const LossPhase& phase : phases_) {
    const LossCells probe = phase.pair->probe(cut);
    Look& made = looks_.emplace_back(Look{{}, {}, phase.count, probe.infinite + probe.cut_above + probe.cut_below});
    for (const LossCell& cell : probe.cells) {
      made.log_masses.push_back(std::log(cell.mass));
      made.losses.push_back(cell.loss);
    }
  }
}

LossProfile::Moments LossProfile::moments(const Look& look, double tilt) const {
  double largest = -kInfinity;
  for (std::size_t i = 0; i < look.losses.size(); ++i) {
    largest = std::max(largest, look.log_masses[i] + tilt * look.losses[i]);
  }
  double sum = 0;
  double mean = 0;
  double square = 0;
  for (std::size_t i = 0; i < look.losses.size(); ++i) {
    const double weight = std::exp(look.log_masses[i] + tilt * look.losses[i] - largest);
    sum += weight;
    mean += weight * look.losses[i];
    square += weight * look.losses[i] * look.losses[i];
  }
  mean /= sum;
  return {largest + std::log(sum), mean, std::max(0.0, square / sum - mean * mean)};
}

double LossProfile::cumulant(double tilt) const {
  double sum = 0;
  for (const Look& look : looks_) sum += look.count * moments(look, tilt).cumulant;
  return sum;
}

LossProfile::Sum LossProfile::without_tilt() const {
  Sum sum{0, 0};
  for (const Look& look : looks_) {
    const Moments at = moments(look, 0);
    sum.mean += look.count * at.mean;
    sum.deviation += look.count * at.variance;
  }
  sum.deviation = std::sqrt(sum.deviation);
  return sum;
}

double LossProfile::guess_epsilon(double log_delta) {
  if (asked_ == log_delta) return guessed_;
  look(log_delta);
  const Minimum best =
      minimise_positive([&](double b) { return (cumulant(b) - log_delta - std::log1p(b)) / b - std::log1p(1 / b); });
  tilt_ = best.place;
  asked_ = log_delta;
  return guessed_ = std::max(0.0, best.value);
}

double LossProfile::guess_log_delta(double epsilon) {
  if (asked_ == epsilon) return guessed_;
  double log_delta = -60;
  for (int i = 0; i < 4; ++i) {
    look(log_delta - 10);
    const Minimum best =
        minimise_positive([&](double b) { return cumulant(b) - b * epsilon - b * std::log1p(1 / b) - std::log1p(b); });
    tilt_ = best.place;
    if (best.value >= log_delta) {
      asked_ = epsilon;
      return guessed_ = std::min(0.0, best.value);
    }
    log_delta = std::max(-700.0, best.value - 5);
  }
  return log_delta;
}

/// A grid adds about step^2 / 6 to the variance of each loss from above and takes half of that away from below, which
/// moves epsilon by (tilt + 1) / 2 times the change.
double LossProfile::first_step(double gap) const {
  double count = 0;
  double variance = 0;
  for (const Look& look : looks_) {
    count += look.count;
    variance += look.count * moments(look, tilt_).variance;
  }
  return std::min(std::sqrt(2.7 * gap / (count * (1 + tilt_))), std::sqrt(variance) / 6);
}

/// The tilt with the narrowest window, among those that leave rounding small enough: with
/// D = exp(log_delta + tilt * epsilon - K) as in loss_composition.h, whose rounding error is about
/// count * kUsualRounding / tilt.
void LossProfile::choose_tilt(double epsilon, double log_delta, double relative_error) {
  cut_ = cut_at(log_delta + std::log(kCutOfGap * relative_error));
  double count = 0;
  for (const Look& look : looks_) count += look.count;
  double narrowest = kInfinity;
  used_tilt_ = tilt_;
  for (double part = 1; part > 0.2; part *= 0.8) {
    const double tilt = part * tilt_;
    const double log_d = std::min(0.0, log_delta + tilt * epsilon - cumulant(tilt));
    const double log_outside = log_d + std::log(kOutsideOfError * relative_error);
    if (part < 1 && log_d + std::log(kRoundingOfError * relative_error) < std::log(count * kUsualRounding / tilt))
      break;
    const double width = window(tilt, log_outside);
    if (part == 1 || width < narrowest) {
      narrowest = width;
      used_tilt_ = tilt;
      log_outside_ = log_outside;
    }
  }
}

/// About how wide the window of LossComposition will be.
double LossProfile::window(double tilt, double log_outside) const {
  const double centre = cumulant(tilt);
  double variance = 0;
  for (const Look& look : looks_) variance += look.count * moments(look, tilt).variance;
  const double usual = std::sqrt(-2 * log_outside / variance);
  double above = kInfinity;
  double below = kInfinity;
  for (double part : {1.0, 0.6, 0.35, 0.2}) {
    const double more = part * usual;
    above = std::min(above, (cumulant(tilt + more) - centre - log_outside) / more);
    below = std::min(below, (cumulant(tilt - more) - centre - log_outside) / more);
  }
  return above + below;
}

/// The step, changed so that losses with a spacing fall on nodes.
double LossProfile::usable_step(double step) const {
  double least = std::numeric_limits<double>::min();
  for (const Look& look : looks_) {
    if (look.losses.empty()) continue;
    const double front = look.losses.front();
    const double back = look.losses.back();
    least = std::max({least, (back - front) / kMostCells, kLeastStep * std::max(std::fabs(front), std::fabs(back))});
  }
  step = std::max(step, least);
  if (phases_.size() == 1 && phases_[0].pair->has_only_spaced_losses()) return phases_[0].pair->spacing();
  double spacing = 0;
  for (const LossPhase& phase : phases_) spacing = std::max(spacing, phase.pair->spacing());
  if (!(spacing > 0)) return step;
  return spacing / std::ceil(spacing / step);
}

std::optional<LossComposition> LossProfile::compose(double tilt, double step) {
  cells_ = 0;
  std::vector<ComposedPhase> composed;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const LossPair& pair = *phases_[i].pair;
    LossGrid grid{.step = step, .tilt = tilt, .log_tilted_total = moments(looks_[i], tilt).cumulant};
    if (pair.spacing() > 0) grid.offset = pair.smallest_loss();
    const LossCells cells = pair.cells(grid, cut_);
    cells_ += cells.cells.size();
    composed.push_back({dominating_lattice(cells, grid), dominated_lattice(cells, grid), phases_[i].count});
  }
  return LossComposition::make(composed, tilt, log_outside_);
}

/// Composes on finer and finer grids until `ask` gives an interval that is narrow enough for `fault`, which is its
/// width over the wanted one. `refocus` may choose another tilt and a first step for an answer that is far from the
/// guess.
template <class Ask, class Fault, class Refocus>
Interval LossProfile::refine(double step, const Ask& ask, const Fault& fault, const Refocus& refocus) {
  Interval best{-kInfinity, kInfinity};
  double tilt = used_tilt_;
  double work = 0;
  for (int i = 0; i < kMostRefinements; ++i) {
    step = usable_step(step);
    std::optional<LossComposition> composition = compose(tilt, step);
    for (int j = 0; j < 8 && !composition && cells_ < kManyCells;
         ++j) {  // heavy tails, made heavier by the tilt, do not fit the window
      tilt *= 0.75;
      composition = compose(tilt, step);
    }
    work += composition ? composition->transformed_points() + kWorkOfCell * static_cast<double>(cells_) : kMostWork;
    if (!composition) break;
    const Interval found = ask(*composition);
    best = {std::max(best.lower, found.lower), std::min(best.upper, found.upper)};
    const double times_too_wide = fault(best);
    if (times_too_wide <= 1 || work > kMostWork) break;
    if (const std::optional<double> first = refocus(best)) {
      tilt = used_tilt_;
      step = *first;
    } else if (times_too_wide < kHopeless) {
      step *= std::clamp(std::sqrt(0.7 / times_too_wide), 0.1, 0.7);
    } else {
      tilt *= 0.6;
      step *= 0.7;
    }
  }
  return best;
}

/// An upper bound of delta at epsilon 0: P (1 - exp(-loss)) summed where the loss is positive, with the loss of the
/// next piece for each.
double LossProfile::total_variation() const {
  double sum = 0;
  for (const Look& look : looks_) {
    sum += look.count * look.left_out;
    for (std::size_t i = 0; i < look.losses.size(); ++i) {
      const double largest = i + 1 < look.losses.size() ? look.losses[i + 1] : kInfinity;
      if (largest > 0) sum += look.count * std::exp(look.log_masses[i]) * -std::expm1(-largest);
    }
  }
  return sum * (1 + 1e-9);
}

/// The tilt at which the tilted mean is near epsilon, and the rest that follows from it.
double LossProfile::focus_on(double epsilon, double log_delta, double relative_gap) {
  const auto [mean, deviation] = without_tilt();
  // A normal sum has the tilt sqrt(-2 log(delta)) / deviation = -2 log(delta) / (epsilon - mean); twice that is enough.
  tilt_ = std::min({tilt_, 2 * std::sqrt(-2 * log_delta) / deviation,
                    epsilon > mean ? -4 * log_delta / (epsilon - mean) : kInfinity});
  const double wanted = relative_gap * std::max(epsilon, kSmallEpsilon * deviation);
  choose_tilt(epsilon, log_delta, std::min(0.1, wanted * tilt_));
  return first_step(wanted);
}

Interval LossProfile::epsilon(double log_delta, double relative_gap, double coarsening) {
  double guess = 0.9 * guess_epsilon(log_delta);
  if (std::log(total_variation()) <= log_delta) return {0, 0};
  const double step = focus_on(guess, log_delta, relative_gap);
  const double least = kSmallEpsilon * without_tilt().deviation;
  const Interval found = refine(
      coarsening * step,
      [&](const LossComposition& composition) {
        return Interval{composition.epsilon_lower(log_delta), composition.epsilon_upper(log_delta)};
      },
      [&](const Interval& interval) {
        if (coarsening > 1 || interval.upper <= 0) return 0.0;
        return (interval.upper - interval.lower) / (relative_gap * std::max(interval.upper, least));
      },
      [&](const Interval& interval) -> std::optional<double> {
        if (!(interval.upper < 0.7 * guess)) return std::nullopt;
        guess = interval.upper;
        tilt_ = minimise_positive([&](double b) {
                  return cumulant(b) - b * guess - b * std::log1p(1 / b) - std::log1p(b);
                }).place;
        return focus_on(guess, log_delta, relative_gap);
      });
  return {std::max(0.0, found.lower), found.upper};
}

Interval LossProfile::log_delta(double epsilon, double relative_gap, double coarsening) {
  double guess = guess_log_delta(epsilon) - 1;
  choose_tilt(epsilon, guess, relative_gap);
  const Interval found = refine(
      coarsening * first_step(relative_gap / (1 + tilt_)),
      [&](const LossComposition& composition) {
        return Interval{composition.log_delta_lower(epsilon), composition.log_delta_upper(epsilon)};
      },
      [&](const Interval& interval) {
        return coarsening > 1 ? 0 : -std::expm1(interval.lower - interval.upper) / relative_gap;
      },
      [&](const Interval& interval) -> std::optional<double> {
        if (!(interval.upper < guess - 3)) return std::nullopt;
        guess = interval.upper - 1;
        choose_tilt(epsilon, guess, relative_gap);
        return first_step(relative_gap / (1 + tilt_));
      });
  return {found.lower, std::min(0.0, found.upper)};
}

}  // namespace dpml
