#include "privacy_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"
#include "numerics/minimise.h"
#include "numerics/rounding.h"
#include "torn_sum.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

// How a search goes: none of these decides whether an interval holds, only how wide it is and how long it takes. Where
// no other reason is given they were found by trying, with scripts/sweep_accountant.sh (how many intervals are wide,
// and the seconds of the slowest).
constexpr double kLeastStep = 1e-10;     // of the largest loss
constexpr double kLogProbeCut = -24;     // of that mass over all steps, compared with delta, while looking
constexpr double kFreeUp = 1 + 1e-12;    // of sums over releases that are as good as free: far above their rounding
constexpr double kFreeOfGap = 0.02;      // of what epsilon may be wrong by, for what is as good as free
constexpr double kCutOfGap = 0.02;       // the same while composing, compared with what delta may be wrong by
constexpr double kRefocus = 0.97;        // of the epsilon that was guessed: where less is found, the search aims again
constexpr double kLeastRefocus = 0.5;    // of it, the least to aim at next: what was found may be far off, too
constexpr double kMuchOfError = 0.1;     // of what delta may be wrong by: errors of one kind below that are left alone
constexpr double kLessOutside = 4;       // of the mass outside of a window, in the logarithm, when it is widened, and
constexpr double kMostLessOutside = 40;  // the most at once
constexpr double kWorkOfCell = 150;      // on both lattices
constexpr double kWorkOfTerm = 200;      // to cut a part out of them and to tilt it
constexpr double kMostPoints = 1 << 19;  // to transform
constexpr double kMostPointsCoarse = 1 << 16;  // likewise, for a direction that is only compared
constexpr int kMostWidenings = 4;              // of a step for which a window has too many points
constexpr double kMostWidening = 1e6;          // of a step at once, and
constexpr double kLeastWidening = 1.1;         // the least, so that few are needed
constexpr double kLeastPoints = 1 << 10;       // a window may have, whatever is left of the budget
constexpr double kPartOfBudget = 0.6;          // for the sums of a composition
constexpr double kPartForLattices = 0.35;      // and for its lattices
constexpr double kFewNodes = 1e4;              // of a sum, in steps
constexpr int kMostRefinements = 8;            // grids of one search
constexpr double kRoughly = 0.01;              // how well an epsilon is guessed that no tilt of the whole sum finds

/// Throws UnsupportedEvent where cells have no numbers, so that nothing is searched for in vain.
void require_numbers(const LossCells& cells) {
  for (const LossCell& cell : cells.cells) {
    if (std::isfinite(cell.mass) && std::isfinite(cell.loss)) continue;
    throw UnsupportedEvent("accountant pld: a privacy loss or its chance is not a number in double precision");
  }
}

}  // namespace

PrivacyProfile::PrivacyProfile(std::vector<CountedPair> phases) : phases_(std::move(phases)) {
  for (const CountedPair& phase : phases_) counts_.push_back(phase.count);
}

/// Throws where rounding could not be bounded any more.
void PrivacyProfile::require_few_releases() const {
  for (const CountedPair& phase : phases_) {
    if (phase.count <= kMostComposedReleases) continue;
    throw UnsupportedEvent("there are more than " + to_text(kMostComposedReleases) + " releases of a kind");
  }
}

/// What every pair may leave out, where all releases together may leave out exp(log_mass).
double PrivacyProfile::cut_at(double log_mass) const {
  double count = 0;
  for (const CountedPair& phase : phases_) count += phase.count;
  return std::exp(std::max(kLeastLogCut, log_mass - std::log(count)));
}

/// Looks at the pairs with as much of their tails as matters at this delta.
void PrivacyProfile::look(double log_delta) {
  looks_ = CoarsePld(phases_, cut_at(log_delta + kLogProbeCut));
}

double PrivacyProfile::guess_epsilon(double log_delta) {
  if (guess_epsilon_ && guess_epsilon_->asked == log_delta) return guess_epsilon_->guessed;
  look(log_delta);
  const numerics::Minimum best = numerics::minimise_positive(
      [&](double b) { return (looks_.cumulant(b) - log_delta - std::log1p(b)) / b - std::log1p(1 / b); });
  guess_epsilon_ = {log_delta, std::max(0.0, best.value), best.place};
  return guess_epsilon_->guessed;
}

double PrivacyProfile::guess_log_delta(double epsilon) {
  if (guess_log_delta_ && guess_log_delta_->asked == epsilon) return guess_log_delta_->guessed;
  double log_delta = -60;
  for (int i = 0; i < 4; ++i) {
    look(log_delta - 10);
    const numerics::Minimum best = numerics::minimise_positive(
        [&](double b) { return looks_.cumulant(b) - b * epsilon - b * std::log1p(1 / b) - std::log1p(b); });
    guess_log_delta_ = {epsilon, std::min(0.0, best.value), best.place};
    if (best.value >= log_delta) break;
    log_delta = std::max(-700.0, best.value - 5);
  }
  return guess_log_delta_->guessed;
}

/// How far guess_epsilon() is above the saddle point approximation, delta = exp(K - b epsilon) / (b (b + 1) sqrt(2 pi
/// K'')) at the tilt b.
double PrivacyProfile::excess_of_guess(double tilt) const {
  const double log_ratio =
      std::log(tilt) + 0.5 * std::log(2 * std::numbers::pi * looks_.variance(tilt)) - tilt * std::log1p(1 / tilt);
  return std::max(0.0, log_ratio) / tilt;
}

/// Takes releases out that together can move epsilon by a small part of `wanted` only: what they lose at most is added
/// to every sum instead, from above. From below, all outcomes that do not tell everything are one.
void PrivacyProfile::set_free(double wanted, double log_delta) {
  const double allowed = kFreeOfGap * wanted;
  const double cut = cut_at(log_delta + std::log(kFreeOfGap * kCutOfGap));
  std::vector<CountedPair> kept;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const CountedPair& phase = phases_[i];
    const double room = allowed - free_.loss;
    const double step = room / (4 * phase.count);
    if (!(phase.count * looks_.largest_loss(i) < 0.5 * room && step > std::numeric_limits<double>::min())) {
      kept.push_back(phase);
      continue;
    }
    const LossGrid grid{.step = step};
    const LossCells cells = phase.pair->cells(grid, cut);
    double largest = 0;
    for (const LossCell& cell : cells.cells) largest = std::max(largest, grid.edge(cell.high));
    const double log_finite = phase.count * std::log1p(-std::min(1.0, cells.infinite + cells.cut_above)) * kFreeUp;
    if (!(phase.count * largest < room) || cells.cells.empty() || !(std::exp(free_.log_finite + log_finite) > 0)) {
      kept.push_back(phase);
      continue;
    }
    free_.loss += phase.count * largest * kFreeUp;
    free_.log_finite += log_finite;
    free_.log_finite_below += phase.count * std::log1p(-phase.pair->infinite()) / kFreeUp;
    free_.is_any = true;
  }
  if (kept.size() == phases_.size() || kept.empty()) {
    free_ = {};
    return;
  }
  phases_ = std::move(kept);
  counts_.clear();
  for (const CountedPair& phase : phases_) counts_.push_back(phase.count);
}

/// A guess that no tilt of the whole sum comes near to is replaced by one with the sum taken apart.
double PrivacyProfile::without_tear(double epsilon, double log_delta, double tilt) const {
  if (!(epsilon > 0) || !is_torn(looks_, counts_, epsilon, tilt)) return epsilon;
  double above = epsilon;
  double below = epsilon;
  do {
    above = below;
    below *= 0.5;
  } while (below > kLeastStep * looks_.largest_loss() && rough_log_delta(looks_, counts_, below) < log_delta);
  while (above - below > kRoughly * above) {
    const double middle = std::sqrt(above * below);
    (rough_log_delta(looks_, counts_, middle) < log_delta ? above : below) = middle;
  }
  return below;
}

/// The step, changed so that the losses with the widest spacing fall on nodes, where it is at least a step.
double PrivacyProfile::usable_step(double step) const {
  double least = std::numeric_limits<double>::min();
  double spacing = 0;
  for (const CountedPair& phase : phases_) {
    least = std::max(least, phase.pair->least_step());
    spacing = std::max(spacing, phase.pair->spacing());
  }
  step = std::max({step, least, kLeastStep * looks_.largest_loss()});
  // Few losses are a lattice of their own, without any error.
  if (phases_.size() == 1 && phases_[0].pair->has_only_spaced_losses() &&
      (step <= spacing || phases_[0].count * spacing < kFewNodes * step)) {
    return spacing;
  }
  if (!(spacing >= step)) return step;
  return spacing / std::ceil(spacing / step);
}

LossGrid PrivacyProfile::grid_of(const Attempt& attempt, std::size_t phase, double step) const {
  LossGrid grid{.step = step, .weights = attempt.plan.weights(looks_, phase)};
  const DominatingPair& pair = *phases_[phase].pair;
  if (pair.spacing() >= step) grid.offset = pair.smallest_loss();
  return grid;
}

/// What compose() takes before any sum is made.
double PrivacyProfile::work_of_lattices(const Attempt& attempt, double step) const {
  double work = 0;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const LossGrid grid = grid_of(attempt, i, step);
    const DominatingPair& pair = *phases_[i].pair;
    work += pair.many_cells(grid, looks_.many_cells(i, grid)) *
            (pair.work_of_cell() + kWorkOfCell + kWorkOfTerm * (attempt.plan.windows() - 1));
  }
  return work;
}

/// Of every window, so that all of them can be transformed and something is left.
double PrivacyProfile::affordable_points(const Attempt& attempt, double most_points, const WorkBudget& budget) const {
  const double windows = 2 * attempt.plan.windows();  // one for either side
  const double work = work_of_transforms(phases_.size(), 1, Precision::usual);
  return std::max(kLeastPoints, std::min(most_points, kPartOfBudget * budget.left() / (windows * work)));
}

ComposedPld PrivacyProfile::compose(const Attempt& attempt, double step, double most_points, WorkBudget& budget) const {
  double work = 0;
  std::vector<CountedPlds> composed;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const DominatingPair& pair = *phases_[i].pair;
    const LossGrid grid = grid_of(attempt, i, step);
    const LossCells cells = pair.cells(grid, attempt.cut);
    require_numbers(cells);
    work += static_cast<double>(cells.cells.size()) * (pair.work_of_cell() + kWorkOfCell);
    composed.push_back({dominating_pld(cells, grid), dominated_pld(cells, grid), phases_[i].count});
  }
  budget.spend(work);
  if (free_.is_any) {
    const double below = free_.log_finite_below;
    composed.push_back({{step, free_.loss, {{0, std::exp(free_.log_finite)}}, -std::expm1(free_.log_finite)},
                        {step, below, {{0, std::exp(below)}}, -std::expm1(below)},
                        1});
  }
  return {composed, attempt.plan.split(), attempt.plan.terms(composed), attempt.plan.remainder(), most_points, budget};
}

/// Composes on finer and finer grids, with wider and wider windows, until `ask` gives an interval that is narrow enough
/// for `fault`, which is its width over the wanted one. `refocus` may make another attempt for an answer that is far
/// from the guess; `epsilon` is of what was found.
template <class Ask, class Fault, class Refocus, class Epsilon>
Interval PrivacyProfile::refine(Attempt attempt, double most_points, WorkBudget& budget, const Ask& ask,
                                const Fault& fault, const Refocus& refocus, const Epsilon& epsilon) {
  Interval best{-kInfinity, kInfinity};
  double step = usable_step(attempt.step);
  for (int i = 0; i < kMostWidenings; ++i) {
    const double too_much = work_of_lattices(attempt, step) / (kPartForLattices * budget.left());
    if (too_much <= 1) break;
    step = usable_step(step * std::clamp(1.2 * too_much, kLeastWidening, kMostWidening));
  }
  for (int i = 0; i < kMostRefinements; ++i) {
    double points = affordable_points(attempt, most_points, budget);
    ComposedPld composition = compose(attempt, step, points, budget);
    bool is_coarser = false;  // than wanted
    for (int j = 0; j < kMostWidenings && !composition.has_masses(); ++j) {
      is_coarser = true;
      points = affordable_points(attempt, most_points, budget);
      step = usable_step(step * std::clamp(1.1 * composition.wanted_points() / points, kLeastWidening, kMostWidening));
      composition = compose(attempt, step, points, budget);
    }
    const Interval found = ask(composition);
    best = {std::max(best.lower, found.lower), std::min(best.upper, found.upper)};
    const double times_too_wide = fault(best);
    if (times_too_wide <= 1) break;
    const ComposedPld::Errors errors = composition.errors(epsilon(composition));
    if (errors.bounded > kMuchOfError * attempt.relative_error && attempt.plan.count_more()) {
      step = std::min(step, usable_step(attempt.step));
    } else if (const std::optional<Attempt> other = refocus(best, composition)) {
      attempt = *other;
      step = usable_step(attempt.step);
    } else if (is_coarser) {
      break;
    } else if (errors.outside > kMuchOfError * attempt.relative_error &&
               errors.outside > kMuchOfError * errors.rounding) {
      attempt.plan.widen(std::min(kMostLessOutside, kLessOutside + std::log(errors.outside / attempt.relative_error)));
    } else if (errors.rounding > kMuchOfError * attempt.relative_error) {
      break;
    } else {
      const double finer = usable_step(step * std::clamp(std::sqrt(0.7 / times_too_wide), 0.1, 0.7));
      if (!(finer < step)) break;
      step = finer;
    }
    if (work_of_lattices(attempt, step) > kPartForLattices * budget.left()) break;
  }
  return best;
}

/// The tilt at which the tilted mean is near epsilon, and the rest that follows from it.
PrivacyProfile::Attempt PrivacyProfile::attempt_epsilon(double epsilon, double log_delta, double tilt, double slope,
                                                        double relative_gap) const {
  const double mean = looks_.mean(0);
  const double deviation = std::sqrt(looks_.variance(0));
  // A normal sum has the tilt sqrt(-2 log(delta)) / deviation = -2 log(delta) / (epsilon - mean); twice that is enough.
  tilt = std::min({tilt, 2 * std::sqrt(-2 * log_delta) / deviation,
                   epsilon > mean ? -4 * log_delta / (epsilon - mean) : kInfinity});
  const double wanted = relative_gap * std::max(epsilon, kSmallEpsilon * deviation);
  const double relative_error = std::min(0.1, wanted * std::max(slope, tilt));
  const JumpPlan plan(looks_, counts_, {epsilon, log_delta, relative_error}, tilt);
  return {plan, relative_error, plan.first_step(wanted, slope),
          cut_at(log_delta + std::log(kCutOfGap * relative_error))};
}

PrivacyProfile::Attempt PrivacyProfile::attempt_log_delta(double epsilon, double log_delta, double tilt,
                                                          double relative_gap) const {
  const JumpPlan plan(looks_, counts_, {epsilon, log_delta, relative_gap}, tilt);
  return {plan, relative_gap, plan.first_step(relative_gap / tilt, 0),
          cut_at(log_delta + std::log(kCutOfGap * relative_gap))};
}

Interval PrivacyProfile::largest_sum() const {
  Interval sum{0, free_.loss};
  for (const CountedPair& phase : phases_) {
    const Interval largest = phase.pair->largest_loss();
    sum.lower = numerics::add_down(sum.lower, numerics::multiply_down(phase.count, largest.lower));
    sum.upper = numerics::add_up(sum.upper, numerics::multiply_up(phase.count, largest.upper));
  }
  return sum;
}

/// log of the chance that a release tells everything, rounded down.
double PrivacyProfile::log_infinite() const {
  double log_finite = 0;
  for (const CountedPair& phase : phases_) log_finite += phase.count * std::log1p(-phase.pair->infinite());
  return std::log(-std::expm1(log_finite)) - kFreeUp + 1;
}

Interval PrivacyProfile::epsilon(double log_delta, double relative_gap, WorkBudget& budget, double coarsening) {
  if (log_infinite() > log_delta) return {kInfinity, kInfinity};
  guess_epsilon(log_delta);
  const double wanted = relative_gap * std::max(guess_epsilon_->guessed, kSmallEpsilon * std::sqrt(looks_.variance(0)));
  if (phases_.size() > 1 && !free_.is_any) {
    set_free(wanted, log_delta);
    guess_epsilon_.reset();
    guess_epsilon(log_delta);
  }
  require_few_releases();
  double tilt = guess_epsilon_->tilt;
  double guess = without_tear(std::max(0.0, guess_epsilon_->guessed - excess_of_guess(tilt)), log_delta, tilt);
  const double least = kSmallEpsilon * std::sqrt(looks_.variance(0));
  Attempt first = attempt_epsilon(guess, log_delta, tilt, 0, relative_gap);
  first.step *= coarsening;
  const Interval found = refine(
      first, coarsening > 1 ? kMostPointsCoarse : kMostPoints, budget,
      [&](const ComposedPld& composition) {
        return Interval{composition.epsilon_lower(log_delta), composition.epsilon_upper(log_delta)};
      },
      [&](const Interval& interval) {
        if (coarsening > 1 || interval.upper <= 0) return 0.0;
        return (interval.upper - interval.lower) / (relative_gap * std::max(interval.upper, least));
      },
      [&](const Interval& interval, const ComposedPld& composition) -> std::optional<Attempt> {
        const double found = std::clamp(composition.epsilon_guess(log_delta), interval.lower, interval.upper);
        if (!(found < kRefocus * guess)) return std::nullopt;
        guess = std::max(found, kLeastRefocus * guess);  // what was found may be far off, too
        tilt = numerics::minimise_positive([&](double b) {
                 return looks_.cumulant(b) - b * guess - b * std::log1p(1 / b) - std::log1p(b);
               }).place;
        return attempt_epsilon(guess, log_delta, tilt, composition.slope(guess), relative_gap);
      },
      [=](const ComposedPld& composition) { return composition.epsilon_guess(log_delta); });
  return {std::max(0.0, found.lower), found.upper};
}

Interval PrivacyProfile::log_delta(double epsilon, double relative_gap, WorkBudget& budget, double coarsening) {
  guess_log_delta(epsilon);
  if (phases_.size() > 1 && !free_.is_any) {
    set_free(relative_gap / (1 + guess_log_delta_->tilt), guess_log_delta_->guessed);
    guess_log_delta_.reset();
    guess_log_delta(epsilon);
  }
  require_few_releases();
  double guess = guess_log_delta_->guessed - 1;
  const double tilt = guess_log_delta_->tilt;
  if (is_torn(looks_, counts_, epsilon, tilt)) guess = rough_log_delta(looks_, counts_, epsilon);
  Attempt first = attempt_log_delta(epsilon, guess, tilt, relative_gap);
  first.step *= coarsening;
  const Interval found = refine(
      first, coarsening > 1 ? kMostPointsCoarse : kMostPoints, budget,
      [&](const ComposedPld& composition) {
        return Interval{composition.log_delta_lower(epsilon), composition.log_delta_upper(epsilon)};
      },
      [&](const Interval& interval) {
        return coarsening > 1 ? 0 : -std::expm1(interval.lower - interval.upper) / relative_gap;
      },
      [&](const Interval& interval, const ComposedPld&) -> std::optional<Attempt> {
        if (!(interval.upper < guess - 3)) return std::nullopt;
        guess = interval.upper - 1;
        return attempt_log_delta(epsilon, guess, tilt, relative_gap);
      },
      [=](const ComposedPld&) { return epsilon; });
  return {found.lower, std::min(0.0, found.upper)};
}

}  // namespace dpml::pld
