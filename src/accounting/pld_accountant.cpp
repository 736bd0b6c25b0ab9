#include "pld_accountant.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "dominating_pairs.h"
#include "dpml/base/text.h"
#include "loss_profile.h"
#include "rdp_accountant.h"

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kRoundUp = 1 + 1e-14;
constexpr double kLeastLogDelta = -620;  // doubles hold the masses of single steps down to there
constexpr std::size_t kMostPhases = 3000;

/// Both directions of the neighbours; one of them where they are the same.
std::vector<LossProfile> directions(const PairPhases& pairs) {
  std::vector<LossPhase> remove;
  std::vector<LossPhase> add;
  bool is_symmetric = true;
  for (const PairPhase& phase : pairs.phases) {
    remove.push_back({phase.remove, phase.count, phase.is_tight});
    add.push_back({phase.add, phase.count, phase.is_tight});
    is_symmetric = is_symmetric && phase.remove == phase.add;
  }
  std::vector<LossProfile> made;
  made.emplace_back(std::move(remove));
  if (!is_symmetric) made.emplace_back(std::move(add));
  return made;
}

/// The larger of both directions. `guess` ranks them; `ask(profile, coarsening)` gives an interval. The second
/// direction is looked at on a coarse grid first, which usually shows that it is the smaller one.
template <class Guess, class Ask>
Interval larger_direction(const PairPhases& pairs, const Guess& guess, const Ask& ask) {
  std::vector<LossProfile> profiles = directions(pairs);
  if (profiles.size() == 2 && guess(profiles[1]) > guess(profiles[0])) std::swap(profiles[0], profiles[1]);
  const Interval larger = ask(profiles[0], 1.0);
  if (profiles.size() == 1) return larger;
  const Interval coarse = ask(profiles[1], 2.0);
  if (coarse.upper <= larger.lower) return larger;
  const Interval other = ask(profiles[1], 1.0);
  return {std::max(larger.lower, other.lower), std::max(larger.upper, other.upper)};
}

Bound by_rdp(const std::string& why, const std::function<Bound(const Accountant&)>& ask) {
  Bound bound = ask(RdpAccountant());
  bound.notes.push_back("The bound is by Renyi differential privacy: " + why + ".");
  return bound;
}

/// `fine(pairs)` gives an interval; `ask` gives an accountant's own answer; `most` is the answer about nothing private.
Bound find(const Ledger& ledger, double log_delta, double most, double relative_gap,
           const std::function<Interval(const PairPhases&)>& fine, const std::function<Bound(const Accountant&)>& ask) {
  PairPhases pairs;
  try {
    pairs = dominating_pairs(ledger);
  } catch (const UnsupportedEvent& refusal) {
    return by_rdp(refusal.what(), ask);
  }
  if (pairs.is_non_private) return {.upper = most, .lower = most, .method = "pld", .notes = pairs.notes};
  if (pairs.phases.empty()) return {.upper = 0, .method = "pld", .notes = pairs.notes};
  if (log_delta < kLeastLogDelta) return by_rdp("delta is below what the lattice can hold", ask);
  if (pairs.phases.size() > kMostPhases) return by_rdp("there are more than 3000 different kinds of releases", ask);
  const Interval found = fine(pairs);
  Bound bound{.upper = std::min(most, found.upper * kRoundUp),
              .lower = std::min(most, found.lower / kRoundUp),
              .method = "pld",
              .notes = pairs.notes};
  if (bound.upper - bound.lower <= 10 * relative_gap * bound.upper) return bound;
  try {
    Bound rdp = by_rdp("the lattice had to stay too coarse for a better one", ask);
    if (rdp.upper < bound.upper) {
      rdp.lower = bound.lower;
      return rdp;
    }
  } catch (const UnsupportedEvent&) {
  }
  bound.notes.push_back("The interval is wide: the lattice had to stay coarse.");
  return bound;
}

}  // namespace

Bound PldAccountant::find_epsilon(const Ledger& ledger, double delta) const {
  const double log_delta = std::log(delta);
  return find(
      ledger, log_delta, kInfinity, relative_gap_,
      [&](const PairPhases& pairs) {
        return larger_direction(
            pairs, [&](LossProfile& profile) { return profile.guess_epsilon(log_delta); },
            [&](LossProfile& profile, double coarsening) {
              return profile.epsilon(log_delta, relative_gap_, coarsening);
            });
      },
      [&](const Accountant& accountant) { return accountant.epsilon_bound(ledger, delta); });
}

Bound PldAccountant::find_delta(const Ledger& ledger, double epsilon) const {
  if (epsilon == kInfinity) return RdpAccountant().delta_bound(ledger, epsilon);
  return find(
      ledger, 0, 1, relative_gap_,
      [&](const PairPhases& pairs) {
        const Interval logs = larger_direction(
            pairs, [&](LossProfile& profile) { return profile.guess_log_delta(epsilon); },
            [&](LossProfile& profile, double coarsening) {
              return profile.log_delta(epsilon, relative_gap_, coarsening);
            });
        return Interval{std::exp(logs.lower), std::exp(logs.upper)};
      },
      [&](const Accountant& accountant) { return accountant.delta_bound(ledger, epsilon); });
}

}  // namespace dpml
