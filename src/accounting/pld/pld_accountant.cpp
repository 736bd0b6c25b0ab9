#include "pld_accountant.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "closed_forms/gdp_accountant.h"
#include "dpml/base/parallel.h"
#include "event_rounding.h"
#include "numerics/rounding.h"
#include "pairs_of_ledger.h"
#include "privacy_profile.h"
#include "renyi/rdp_accountant.h"
#include "work_budget.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

constexpr double kSmallest = std::numeric_limits<double>::denorm_min();
constexpr double kApart = 1 + 1e-14;      // ends of an interval, for the few operations behind the last bound
constexpr double kLeastLogDelta = -620;   // doubles hold the masses of single steps down to there
constexpr double kLogCut = 12;            // of delta, what pairs may leave out
constexpr double kLogDeltaUnknown = -30;  // where delta is asked for: pairs then leave out exp(-42), in all
constexpr double kCoarsening = 6;         // of the step for a direction that is only to be shown smaller
// Of kinds of releases; the ledgers of tests/accounting/pld/extremes_test.cpp stay below two seconds with these.
constexpr std::size_t kMostKinds = 400;
constexpr std::size_t kFewKinds = 150;        // of ledgers with more than that
constexpr std::size_t kMostKindsLeft = 1000;  // where those are not enough
constexpr double kWork = 8e8;                 // for an answer (work_budget.h)
constexpr double kWorkOfSide = 5e8;           // likewise, where two ledgers are looked at
// Of balls_and_bins, found with the last family of scripts/sweep_accountant.sh:
constexpr double kRatioStep = 0.03;        // for the usual gap, at first
constexpr double kFinestRatioStep = 1e-4;  // that is asked for
constexpr double kFiner = 0.9;             // at most that much of it in the next attempt
constexpr double kMuchFiner = 0.2;         // and at least that much
constexpr int kRatioAttempts = 4;          // the error falls with the square of the step
// Their sums cost less than the lattice, so they take a small part of the gap: 51 epsilons (2 to 7,000 bins, noise 0.36
// to 3, 1 to 300 epochs) take 8 to 10 s of processor time in all with 0.12 to 0.6 of it, the least near 0.25.
constexpr double kGapOfSums = 0.25;
constexpr double kPartOfRoom = 0.9;  // that the lattice aims at: likewise, 0.75 to 0.93 cost the same within noise
constexpr double kLeastRoom = 0.5;   // of the gap, where the sums leave less: a finer lattice does not mend those
constexpr double kMuchWider = 10;    // than asked for

/// How narrow an interval is wanted, and how much coarser than for that the first grid is; then it is the last one,
/// too.
struct Wanted {
  double relative_gap;
  double coarsening = 1;
};

/// What is asked: epsilon at a delta or delta at an epsilon.
struct Question {
  double log_delta;  ///< of the question, or a guess
  double most;       ///< the answer about something that is not private
  bool is_of_delta;  ///< so that the guess is a logarithm of it
  std::function<double(PrivacyProfile&)> guess;
  std::function<Interval(PrivacyProfile&, WorkBudget&, Wanted)> interval;
  std::function<bool(const PrivacyProfile&, Interval first)> is_settled;  ///< Is another direction certainly smaller?
  std::function<Bound(const Accountant&, const Ledger&)> ask;
};

/// Both directions of the neighbours; one of them where they are the same.
struct Directions {
  std::vector<PrivacyProfile> above;
  std::vector<PrivacyProfile> below;  ///< what is known from below, where that is something else
  bool is_exact = true;               ///< it is not
  bool knows_below = true;            ///< of every release
};

Directions directions(const PairsOfLedger& pairs) {
  Directions made;
  std::vector<CountedPair> remove;
  std::vector<CountedPair> add;
  std::vector<CountedPair> remove_below;
  std::vector<CountedPair> add_below;
  bool is_symmetric = true;
  for (const CountedPairs& phase : pairs.phases) {
    remove.push_back({phase.remove, phase.count});
    add.push_back({phase.add, phase.count});
    if (phase.remove_below) remove_below.push_back({phase.remove_below, phase.count});
    if (phase.add_below) add_below.push_back({phase.add_below, phase.count});
    is_symmetric = is_symmetric && phase.remove == phase.add;
    made.is_exact = made.is_exact && phase.remove_below == phase.remove && phase.add_below == phase.add;
    made.knows_below = made.knows_below && phase.remove_below && phase.add_below;
  }
  made.above.emplace_back(std::move(remove));
  if (!is_symmetric) made.above.emplace_back(std::move(add));
  if (made.is_exact) return made;
  if (!remove_below.empty()) made.below.emplace_back(std::move(remove_below));
  if (!is_symmetric && !add_below.empty()) made.below.emplace_back(std::move(add_below));
  return made;
}

/// The larger of one or two directions. The second one is looked at on a coarse grid first, which usually shows that it
/// is the smaller one.
Interval larger(std::vector<PrivacyProfile>& profiles, const Question& question, double relative_gap,
                WorkBudget& budget) {
  if (profiles.size() == 2 && question.guess(profiles[1]) > question.guess(profiles[0])) {
    std::swap(profiles[0], profiles[1]);
  }
  WorkBudget of_first(profiles.size() == 1 ? budget.left() : 0.5 * budget.left());
  const double given = of_first.left();
  const Interval first = question.interval(profiles[0], of_first, {relative_gap});
  budget.spend(given - of_first.left());
  if (profiles.size() == 1) return first;
  if (question.is_settled(profiles[1], first)) return first;
  if (question.interval(profiles[1], budget, {relative_gap, kCoarsening}).upper <= first.lower) return first;
  const Interval second = question.interval(profiles[1], budget, {relative_gap});
  return {std::max(first.lower, second.lower), std::max(first.upper, second.upper)};
}

/// What Renyi differential privacy says; nothing where it has no bound.
std::optional<Bound> by_rdp(const Ledger& ledger, const Question& question) {
  try {
    return question.ask(renyi::RdpAccountant(), ledger);
  } catch (const UnsupportedEvent&) {
    return std::nullopt;
  }
}

Bound with_reason(Bound rdp, const std::string& why) {
  rdp.notes.push_back("The bound is by Renyi differential privacy: " + why + ".");
  return rdp;
}

/// What the lattice finds, where one can hold the ledger; else UnsupportedEvent that says why not.
struct Found {
  Interval interval;
  double of_sums = 0;  ///< how much of its width the composition of the pairs makes, about; the pairs make the rest
  bool is_exact;       ///< the pairs are what the events may be at worst, and no lattice of their own is in between
  bool knows_below;    ///< so that the lower end is about the same
  std::vector<std::string> notes;
};

/// Is the interval at most so wide, relative to its upper end? What is infinite from above only is not.
bool is_within(const Interval& interval, double relative) {
  if (interval.upper == kInfinity) return interval.lower == kInfinity;
  return interval.upper - interval.lower <= relative * interval.upper;
}

bool is_met(const Found& found, double relative_gap) {
  return is_within(found.interval, relative_gap);
}

/// What is found from above and from below, each with half of the budget, at the same time; where nothing is known from
/// below, [0, 0].
std::array<Interval, 2> on_both_sides(Directions& directions, const Question& question, double relative_gap,
                                      WorkBudget& budget) {
  std::array<Interval, 2> found{};
  std::array<WorkBudget, 2> budgets{WorkBudget(0.5 * budget.left()), WorkBudget(0.5 * budget.left())};
  const int threads = std::min(static_cast<int>(found.size()), available_cores());
  parallel_for(threads, std::ssize(found), [&](std::int64_t i) {
    std::vector<PrivacyProfile>& profiles = i == 0 ? directions.above : directions.below;
    const auto side = static_cast<std::size_t>(i);
    if (!profiles.empty()) found[side] = larger(profiles, question, relative_gap, budgets[side]);
  });
  budget = WorkBudget(budgets[0].left() + budgets[1].left());
  return found;
}

Found on_lattice(const PairsOfLedger& pairs, const Question& question, double relative_gap, WorkBudget& budget) {
  Directions made = directions(pairs);
  if (question.is_of_delta && std::all_of(made.above.begin(), made.above.end(), [&](PrivacyProfile& profile) {
        return question.guess(profile) < kLeastLogDelta;
      })) {
    throw UnsupportedEvent("delta is below what a lattice can hold");
  }
  Interval found;
  double of_sums;
  if (made.is_exact) {
    found = larger(made.above, question, relative_gap, budget);
    of_sums = found.upper - found.lower;
  } else {
    const auto [above, below] = on_both_sides(made, question, relative_gap, budget);
    found = {std::min(above.upper, below.lower), above.upper};
    of_sums = 0.5 * (above.upper - above.lower + below.upper - below.lower);
  }
  return {{std::min(question.most, found.lower / kApart), std::min(question.most, found.upper * kApart)},
          of_sums,
          made.is_exact,
          made.knows_below,
          pairs.notes};
}

/// The same, with a lattice for balls_and_bins that is made finer until the interval is narrow enough.
Found on_finer_lattices(const Ledger& ledger, PairsOfLedger pairs, const Question& question, double relative_gap,
                        WorkBudget& budget) {
  const double gap_of_sums = pairs.ratio_step > 0 ? kGapOfSums * relative_gap : relative_gap;
  Found found = on_lattice(pairs, question, gap_of_sums, budget);
  double step = pairs.ratio_step;
  for (int i = 1; step > 0 && i < kRatioAttempts && !is_met(found, relative_gap); ++i) {
    const double width = found.interval.upper - found.interval.lower;
    const double allowed = relative_gap * found.interval.upper;
    const double room = kPartOfRoom * std::max(allowed - found.of_sums, kLeastRoom * allowed);
    const double finest = std::max(kFinestRatioStep, pairs.finest_ratio_step);
    const double finer = std::sqrt(std::max(0.0, room / (width - found.of_sums)));
    const double wanted = std::max(finest, step * std::clamp(finer, kMuchFiner, kFiner));
    if (wanted > kFiner * step) break;  // the work does not allow more
    pairs = pairs_of_ledger(ledger, {question.log_delta - kLogCut, wanted});
    step = pairs.ratio_step;
    const Found next = on_lattice(pairs, question, gap_of_sums, budget);
    found.of_sums = next.of_sums;
    found.interval.upper = std::min(found.interval.upper, next.interval.upper);
    found.interval.lower = std::max(found.interval.lower, next.interval.lower);
  }
  return found;
}

/// At delta 0, epsilon is the largest loss that all releases can have together.
Found largest_losses(const PairsOfLedger& pairs) {
  const Directions made = directions(pairs);
  const auto largest = [](const std::vector<PrivacyProfile>& profiles) {
    Interval found{0, 0};
    for (const PrivacyProfile& profile : profiles) {
      found = {std::max(found.lower, profile.largest_sum().lower), std::max(found.upper, profile.largest_sum().upper)};
    }
    return found;
  };
  const Interval above = largest(made.above);
  return {{made.is_exact ? above.lower : largest(made.below).lower, above.upper},
          0,
          made.is_exact,
          made.knows_below,
          pairs.notes};
}

/// The smaller one of what the lattice and Renyi differential privacy say, with the lower end of the lattice.
Bound combined(const Found& found, const std::optional<Bound>& rdp, double relative_gap) {
  Bound bound{.upper = found.interval.upper, .lower = found.interval.lower, .method = "pld", .notes = found.notes};
  const bool is_narrow = is_within(found.interval, kMuchWider * relative_gap);
  if (rdp && is_met(found, relative_gap)) {  // both say the same, within the gap
    bound.upper = std::clamp(rdp->upper, bound.lower, bound.upper);
  } else if (rdp && rdp->upper < bound.upper) {
    const char* why = "the lattice had to stay too coarse for a better one";
    if (is_narrow) why = "it is the smaller one, by less than the interval is wide";
    if ((is_narrow && !found.is_exact) || !found.knows_below)
      why = "it knows more about one of these events than a pair of distributions says";
    Bound smaller = with_reason(*rdp, why);
    smaller.lower = std::min(bound.lower, smaller.upper);
    return smaller;
  }
  if (found.interval.lower == kInfinity) {
    bound.notes.push_back(
        "no epsilon holds, because the chance that a release tells everything, or loses more than any epsilon, is "
        "above "
        "the delta asked for");
    return bound;
  }
  if (found.knows_below && !is_met(found, relative_gap)) {
    bound.notes.push_back(std::string("The interval is ") + (is_narrow ? "wider than asked for" : "wide") +
                          ", because a narrower one would take more work than an answer may.");
  }
  return bound;
}

/// What the lattice says beside Renyi differential privacy. Throws UnsupportedEvent where it cannot hold the ledger.
Bound find_on_lattice(const Ledger& ledger, const std::optional<Bound>& rdp, const Question& question,
                      double relative_gap, double work) {
  if (rdp && question.is_of_delta && std::log(rdp->upper) < kLeastLogDelta) {
    throw UnsupportedEvent("delta is below what a lattice can hold");
  }
  const PairPrecision precision{question.log_delta - kLogCut, kRatioStep * std::sqrt(relative_gap / kRelativeGap)};
  const PairsOfLedger pairs = pairs_of_ledger(ledger, precision);
  if (pairs.is_non_private) {
    const double lower = pairs.tells_everything ? question.most : 0;
    return {.upper = question.most, .lower = lower, .method = "pld", .notes = pairs.notes};
  }
  if (pairs.phases.empty()) return {.upper = 0, .method = "pld", .notes = pairs.notes};
  if (pairs.is_one_gaussian)
    return question.ask(closed_forms::GdpAccountant(), ledger);  // exact, so better than any lattice
  if (question.log_delta == -kInfinity) return combined(largest_losses(pairs), rdp, relative_gap);
  if (question.log_delta < kLeastLogDelta) throw UnsupportedEvent("delta is below what a lattice can hold");
  WorkBudget budget(work);
  return combined(on_finer_lattices(ledger, pairs, question, relative_gap, budget), rdp, relative_gap);
}

Bound find(const Ledger& ledger, const std::optional<Bound>& rdp, const Question& question, double relative_gap) {
  if (rdp && rdp->upper == 0) return *rdp;
  try {
    return find_on_lattice(ledger, rdp, question, relative_gap, kWork);
  } catch (const UnsupportedEvent& refusal) {
    if (rdp) return with_reason(*rdp, refusal.what());
    return question.ask(renyi::RdpAccountant(), ledger);  // which refuses by name
  }
}

/// From ledgers of fewer kinds of releases: one that costs no less and one that costs no more.
Bound find_rounded(const Ledger& ledger, const std::optional<Bound>& rdp, const Question& question,
                   double relative_gap) {
  Bound bound;
  try {
    const Ledger more = events::rounded(ledger, kFewKinds, events::Cost::more);
    if (events::count_kinds(more).different > kMostKindsLeft) {
      throw UnsupportedEvent("there are more than " + std::to_string(kMostKindsLeft) +
                             " different kinds of releases that cannot be taken together");
    }
    bound = find_on_lattice(more, std::nullopt, question, relative_gap, kWorkOfSide);
    bound.lower = find_on_lattice(events::rounded(ledger, kFewKinds, events::Cost::less), std::nullopt, question,
                                  relative_gap, kWorkOfSide)
                      .lower;
  } catch (const UnsupportedEvent& refusal) {
    if (rdp) return with_reason(*rdp, refusal.what());
    return question.ask(renyi::RdpAccountant(), ledger);  // which refuses by name
  }
  if (rdp && rdp->upper < bound.upper) {
    const double lower = bound.lower;
    bound = with_reason(*rdp, "for the lattice close kinds of releases had to be taken together");
    bound.lower = lower;
  } else {
    bound.notes.push_back("There are more than " + std::to_string(kMostKinds) +
                          " different kinds of releases: close ones were taken together, on the safe side, and the "
                          "interval is wider for it.");
  }
  bound.lower = std::min(bound.lower, bound.upper);
  return bound;
}

Bound find_any(const Ledger& ledger, const Question& question, double relative_gap) {
  const std::optional<Bound> rdp = by_rdp(ledger, question);
  return events::count_kinds(ledger).different > kMostKinds ? find_rounded(ledger, rdp, question, relative_gap)
                                                            : find(ledger, rdp, question, relative_gap);
}

}  // namespace

Bound PldAccountant::find_epsilon(const Ledger& ledger, double delta) const {
  const double log_delta = std::log(delta);
  const Question question{
      .log_delta = log_delta,
      .most = kInfinity,
      .is_of_delta = false,
      .guess = [=](PrivacyProfile& profile) { return profile.guess_epsilon(log_delta); },
      .interval =
          [=](PrivacyProfile& profile, WorkBudget& budget, Wanted wanted) {
            return profile.epsilon(log_delta, wanted.relative_gap, budget, wanted.coarsening);
          },
      .is_settled = [](const PrivacyProfile& profile,
                       Interval first) { return profile.largest_sum().upper <= first.lower; },
      .ask = [=](const Accountant& accountant, const Ledger& of) { return accountant.epsilon_bound(of, delta); }};
  return find_any(ledger, question, relative_gap_);
}

Bound PldAccountant::find_delta(const Ledger& ledger, double epsilon) const {
  const Question question{
      .log_delta = kLogDeltaUnknown,
      .most = 1,
      .is_of_delta = true,
      .guess = [=](PrivacyProfile& profile) { return profile.guess_log_delta(epsilon); },
      .interval =
          [=](PrivacyProfile& profile, WorkBudget& budget, Wanted wanted) {
            const Interval logs = profile.log_delta(epsilon, wanted.relative_gap, budget, wanted.coarsening);
            return Interval{std::exp(logs.lower), std::max(std::exp(logs.upper), kSmallest)};
          },
      .is_settled = [=](const PrivacyProfile& profile, Interval) { return profile.largest_sum().upper <= epsilon; },
      .ask = [=](const Accountant& accountant, const Ledger& of) { return accountant.delta_bound(of, epsilon); }};
  if (epsilon == kInfinity) return with_reason(question.ask(renyi::RdpAccountant(), ledger), "epsilon is infinite");
  return find_any(ledger, question, relative_gap_);
}

}  // namespace dpml::pld
