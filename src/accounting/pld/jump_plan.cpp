#include "jump_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "jump_split.h"
#include "numerics/minimise.h"
#include "numerics/rounding.h"
#include "renyi/divergence_terms.h"
#include "torn_sum.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

// A bad plan gives a wide interval, never a wrong one. Where no other reason is given these were found by trying, with
// scripts/sweep_accountant.sh: how many intervals are wide, and the seconds of the slowest.
constexpr std::size_t kMostClasses = 4;  // of jumps
constexpr double kMostTerms = 64;        // each has lattices and a window of its own
constexpr double kLogUnlikely = -6;  // of the tilted mass near epsilon, compared with a normal sum: below, taken apart
constexpr double kFewJumps = 1e-3;   // expected
constexpr double kManyPoints = 5e4;  // of a window, above which it may be better to take a sum apart
constexpr double kMuchLess = 0.3;    // of the width of all windows, for which a sum is taken apart that need not be
constexpr double kLeastLogShare = -4;      // of a term, for the width of cells: its bound is spoilt by wide ones
constexpr double kLogNegligible = -3;      // of what a term may be, compared with the error that delta may have
constexpr double kOutsideOfError = 3e-3;   // mass outside of the window, compared with D times its allowed error
constexpr double kMostLogOutside = -5;     // of that mass, whatever the errors
constexpr double kRoundingOfError = 0.03;  // rounding, compared with the same
constexpr double kUsualRounding = 3e-13;   // of a release, times the tilt
constexpr double kSameNode = 1e-3;         // of epsilon, within which losses are likely on one node
constexpr double kLeastTilt = 1e-3;        // of the one at the saddle point
constexpr double kMostExponent = 1e12;     // of all releases together; the rounding of it is relative to delta
constexpr double kMuchWider = 1.3;         // than the narrowest window so far: smaller tilts are not tried any more
constexpr double kWorthOfDigits = 0.1;     // of a factor in D, in factors of the window's width; both are logarithms
constexpr int kTiltBisections = 7;         // of an interval of 0.8: to 2 permille
constexpr double kUsualAsked = 6;          // minus the logarithm of the part of the tilted mass in a usual answer
constexpr double kLeastAsked = -30;        // of that, so that cells do not become too many
constexpr double kVarianceOfGap = 0.45;    // what a grid may add to the variance of the sum, times (1 + tilt)
constexpr double kStepsToEpsilon = 20;     // at least so many, and
constexpr double kStepsToLargest = 30;     // to the largest loss of a release
constexpr double kStepsOfDeviation = 6;    // to the standard deviation of the sum

}  // namespace

JumpPlan::JumpPlan(const CoarsePld& looks, const std::vector<double>& counts, const Focus& focus, double tilt)
    : counts_(counts), focus_(focus) {
  terms_.push_back({{}, 0, looks});
  aim(terms_[0], tilt);
  if (!may_jump(looks, counts, focus.epsilon)) return;
  const TiltedJumps jumps = tilted_jumps(looks, counts, jump_threshold(focus.epsilon), kInfinity, tilt);
  if (is_torn(jumps, focus.epsilon) || is_unlikely(terms_[0])) {
    for (std::size_t classes = 1; classes <= kMostClasses && (classes == 1 || stays_torn(looks)); ++classes) {
      take_apart(looks, classes);
    }
    return;
  }
  if (jumps.expected < kFewJumps || width() / first_step(focus.relative_error / tilt, 0) < kManyPoints) return;
  for (std::size_t classes = 1; classes <= kMostClasses; ++classes) {
    JumpPlan apart = *this;
    apart.take_apart(looks, classes);
    if (apart.width() > kMuchLess * width()) continue;
    *this = std::move(apart);
    return;
  }
}

/// Would the sum of what does not jump be nearly certain not to be near epsilon, because some of it is as large?
bool JumpPlan::stays_torn(const CoarsePld& looks) const {
  const Term& none = terms_[0];
  return none.is_counted &&
         is_torn(tilted_jumps(looks, counts_, 0.5 * split_.from(0), split_.from(0), none.tilt), focus_.epsilon);
}

/// Is the part of the tilted mass that the answer consists of much smaller than it were for a normal sum?
bool JumpPlan::is_unlikely(const Term& term) const {
  const double b = term.tilt;
  const double log_d = focus_.log_delta + b * focus_.epsilon - term.looks.cumulant(b);
  const double log_factor = -b * std::log1p(1 / b) - std::log1p(b);
  const double usual = -std::log(b) - std::log1p(b) - 0.5 * std::log(2 * std::numbers::pi * term.looks.variance(b));
  return log_d < std::min(usual, log_factor) + kLogUnlikely;
}

/// Of all windows together.
double JumpPlan::width() const {
  double sum = 0;
  for (const Term& term : terms_) {
    if (term.is_counted) sum += term.looks.window(term.used_tilt, term.log_outside);
  }
  return sum;
}

void JumpPlan::take_apart(const CoarsePld& looks, std::size_t classes) {
  terms_.clear();
  split_ = split_at(looks, counts_, focus_.epsilon, classes);
  choose_most_jumps(looks);
  for (std::vector<double>& jumps : shares_of_jumps(split_, counts_, remainder_.jumps)) {
    Term term{jumps, log_ways(counts_, split_, jumps), looks_of(looks, split_, jumps)};
    const numerics::Minimum saddle = saddle_point(term.looks, focus_.epsilon);
    term.log_share = term.log_ways + approximate_log_delta(term.looks, focus_.epsilon, saddle) - focus_.log_delta;
    term.is_counted =
        term.log_ways + saddle.value - focus_.log_delta > std::log(focus_.relative_error) + kLogNegligible;
    term.tilt = saddle.place;
    terms_.push_back(std::move(term));
  }
  const auto largest = std::max_element(terms_.begin(), terms_.end(),
                                        [](const Term& a, const Term& b) { return a.log_share < b.log_share; });
  largest->is_counted = true;
  renyi::LogSum whole;
  for (const Term& term : terms_) whole.add(term.log_share);
  for (Term& term : terms_) {
    term.log_share -= whole.log();  // now they sum to 1
    aim(term, term.tilt);
  }
}

/// So many that more of them hardly matter, where their terms are few enough.
void JumpPlan::choose_most_jumps(const CoarsePld& looks) {
  double most = 0;  // that there can be
  for (std::size_t i = 0; i < counts_.size(); ++i) most += split_.splits(i) ? counts_[i] : 0;
  const double negligible = focus_.log_delta + std::log(focus_.relative_error) + kLogNegligible;
  for (remainder_.jumps = 1; remainder_.jumps < most; ++remainder_.jumps) {
    const numerics::Minimum bound = bound_of_remainder(looks);
    remainder_.tilt = bound.place;
    if (bound.value < negligible || how_many_terms(split_, remainder_.jumps + 1) > kMostTerms) return;
  }
}

/// log of a bound for more jumps than that, and the tilt that it needs (ComposedPld).
numerics::Minimum JumpPlan::bound_of_remainder(const CoarsePld& looks) const {
  return numerics::minimise_positive([&](double b) {
    double rest = 0;
    double jumping = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const double stays = looks.of_one(i, -kInfinity, split_.splits(i) ? split_.from(0) : kInfinity, b).cumulant;
      rest += counts_[i] * stays;
      if (!split_.splits(i)) continue;
      jumping += counts_[i] * std::exp(looks.of_one(i, split_.from(0), kInfinity, b).cumulant - stays);
    }
    return rest - b * focus_.epsilon + (remainder_.jumps + 1) * std::log(jumping) - std::lgamma(remainder_.jumps + 2) +
           jumping;
  });
}

/// The tilt with the narrowest window, among those that leave rounding small enough: with D = exp(log_delta + tilt *
/// epsilon - K) as in tilted_composition.h, whose rounding error is about kUsualRounding / tilt times how often a
/// release leaves the node at 0.
void JumpPlan::aim(Term& term, double tilt) {
  const double log_delta = focus_.log_delta + term.log_share - term.log_ways;
  const double relative_error = std::min(0.5, focus_.relative_error * std::exp(-std::min(0.0, term.log_share)));
  const CoarsePld& looks = term.looks;
  const double epsilon = focus_.epsilon;
  term.tilt = std::min(tilt, kMostExponent / (looks.count() * looks.largest_loss()));
  double narrowest = kInfinity;
  double best = kInfinity;
  term.used_tilt = term.tilt;
  for (double part = 1; part > kLeastTilt; part *= 0.8) {
    const double tried = part * term.tilt;
    const double log_d = std::min(0.0, log_delta + tried * epsilon - looks.cumulant(tried));
    const double log_factor = tried * -std::log1p(1 / tried) - std::log1p(tried);  // the largest one of a mass in D
    const double log_outside =
        std::min(kMostLogOutside, log_d - log_factor + std::log(kOutsideOfError * relative_error));
    const double rounding = kUsualRounding / tried * looks.moves(tried, kSameNode * epsilon);
    if (part < 1 && log_d + std::log(kRoundingOfError * relative_error) < std::log(rounding)) break;
    const double width = looks.window(tried, log_outside);
    if (width > kMuchWider * narrowest) break;
    narrowest = std::min(narrowest, width);
    const double score = std::log(width) - kWorthOfDigits * log_d;
    if (part == 1 || score < best) {
      best = score;
      term.used_tilt = tried;
      term.log_asked = log_d;
      term.log_outside = log_outside;
    }
  }
}

/// Coarse looks may tilt too much, where a tilt raises one end of the losses so high that its cell decides.
std::vector<JumpTerm> JumpPlan::terms(const std::vector<CountedPlds>& phases) const {
  std::vector<JumpTerm> made;
  for (const Term& term : terms_) {
    JumpTerm& planned = made.emplace_back(JumpTerm{term.jumps, term.used_tilt, term.log_outside, term.is_counted});
    if (split_.is_split.empty()) continue;
    const std::vector<CountedPld> parts = parts_of(phases, &CountedPlds::dominating, split_, planned);
    const auto is_too_high = [&](double tilt) { return tilted_mean(parts, tilt) > focus_.epsilon; };
    if (!is_too_high(planned.tilt)) continue;
    double low = planned.tilt;
    double high = low;
    while (is_too_high(low) && low > kLeastTilt * planned.tilt) high = std::exchange(low, 0.8 * low);
    for (int i = 0; i < kTiltBisections; ++i) {
      const double middle = std::sqrt(low * high);
      (is_too_high(middle) ? high : low) = middle;
    }
    planned.tilt = low;
  }
  return made;
}

std::vector<LossWeight> JumpPlan::weights(const CoarsePld& looks, std::size_t phase) const {
  std::vector<LossWeight> made;
  for (const Term& term : terms_) {
    const double scale =
        std::clamp(term.log_asked + kUsualAsked, kLeastAsked, 0.0) - std::clamp(term.log_share, kLeastLogShare, 0.0);
    const double tilt = term.used_tilt;
    const auto add = [&](double from, double to, double log_scale) {
      const double total = looks.of_one(phase, from, to, tilt).cumulant;
      if (total > -kInfinity) made.push_back({tilt, total + log_scale, from, to});
    };
    add(-kInfinity, split_.splits(phase) ? split_.from(0) : kInfinity, scale);
    if (!split_.splits(phase)) continue;
    for (std::size_t c = 0; c < split_.classes(); ++c) {
      const double jumps = term.jumps[phase * split_.classes() + c];
      if (jumps > 0) add(split_.from(c), split_.to(c), scale + std::log(counts_[phase] / jumps));
    }
  }
  return made;
}

/// What a grid adds to the variance from above, and half of that taken away from below, moves epsilon by (tilt + 1) / 2
/// times as much.
double JumpPlan::first_step(double gap, double slope) const {
  double step = kInfinity;
  for (const Term& term : terms_) {
    if (!term.is_counted) continue;
    const double deviation = std::sqrt(term.looks.variance(term.tilt));
    const double most = std::min({deviation / kStepsOfDeviation, term.looks.largest_loss() / kStepsToLargest,
                                  std::max(focus_.epsilon, kSmallEpsilon * deviation) / kStepsToEpsilon});
    const double allowed =
        kVarianceOfGap * gap / (1 + std::max(slope, term.tilt)) * std::exp(-std::min(0.0, term.log_share));
    step = std::min(step, term.looks.step_that_adds(term.tilt, allowed, most));
  }
  return step;
}

void JumpPlan::widen(double less) {
  for (Term& term : terms_) {
    term.log_outside -= less;
    term.log_asked -= less;
  }
}

double JumpPlan::windows() const {
  return static_cast<double>(
      std::count_if(terms_.begin(), terms_.end(), [](const Term& term) { return term.is_counted; }));
}

bool JumpPlan::count_more() {
  bool is_more = false;
  for (Term& term : terms_) is_more |= !std::exchange(term.is_counted, true);
  return is_more;
}

}  // namespace dpml::pld
