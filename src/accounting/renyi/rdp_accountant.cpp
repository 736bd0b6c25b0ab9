#include "rdp_accountant.h"

#include <algorithm>
#include <cmath>

#include "event_rounding.h"
#include "numerics/rounding.h"
#include "renyi_conversion.h"

namespace dpml::renyi {

namespace {

using numerics::kInfinity;
using numerics::ulps;

// With these the ledgers of tests/accounting/pld/extremes_test.cpp are answered within two seconds.
constexpr double kMostWork = 8000;       // of curves, in usual ones; a ledger with more is rounded to about
constexpr std::size_t kFewKinds = 8000;  // kinds, where those are usual, and else
constexpr std::size_t kFewCostlyKinds = 150;

/// The ledger, or one of fewer kinds of releases that costs no less.
struct FewKinds {
  explicit FewKinds(const Ledger& whole) : ledger(whole) {
    const events::Kinds kinds = events::count_kinds(whole);
    is_rounded = kinds.work_of_curves > kMostWork;
    if (!is_rounded) return;
    const bool are_usual = kinds.work_of_curves < 2 * static_cast<double>(kinds.different);
    ledger = events::rounded(whole, are_usual ? kFewKinds : kFewCostlyKinds, events::Cost::more);
    if (events::count_kinds(ledger).work_of_curves <= 2 * kMostWork) return;
    throw UnsupportedEvent("accountant rdp: there are " + std::to_string(kinds.different) +
                           " different kinds of releases, too many of which cannot be taken together");
  }

  std::vector<std::string> notes(const ComposedCurve& curve) const {
    std::vector<std::string> made = curve.notes();
    if (is_rounded) {
      made.push_back("There are many different kinds of releases: close ones were taken together, on the safe side.");
    }
    return made;
  }

  bool is_rounded = false;
  Ledger ledger;
};

}  // namespace

Bound RdpAccountant::find_epsilon(const Ledger& whole, double delta) const {
  const FewKinds few(whole);
  ComposedCurve curve(few.ledger);
  Bound bound = epsilon_of(curve, delta);
  const std::vector<std::string> notes = few.notes(curve);
  bound.notes.insert(bound.notes.begin(), notes.begin(), notes.end());
  return bound;
}

Bound epsilon_of(ComposedCurve& curve, double delta) {
  Bound bound{.upper = kInfinity, .method = "rdp"};
  const double spent = curve.delta();
  if (delta < spent) {
    bound.notes.push_back(
        "no epsilon holds, because the deltas that the events bring along exceed the delta asked for");
    return bound;
  }
  const double log_rest = std::log((delta - spent) / (1 - spent) * (spent > 0 ? 1 - ulps(4) : 1));
  if (log_rest > log_total_variation(curve)) {
    bound.upper = 0;
    return bound;
  }
  const numerics::Minimum best = best_epsilon(curve, log_rest);
  if (best.value < kInfinity) {
    bound.upper = std::max(0.0, best.value);
    bound.order = 1 + best.place;
  }
  if (curve.pure_epsilon() < bound.upper) {
    bound.upper = curve.pure_epsilon();
    bound.order.reset();
    bound.notes.push_back(
        "epsilon is the sum of the largest privacy losses, which is smaller than what any order gives");
  }
  return bound;
}

Bound RdpAccountant::find_delta(const Ledger& whole, double epsilon) const {
  const FewKinds few(whole);
  ComposedCurve curve(few.ledger);
  Bound bound{.upper = 1, .method = "rdp", .notes = few.notes(curve)};
  const double spent = curve.delta();
  if (curve.pure_epsilon() <= epsilon) {
    bound.upper = curve.pure_epsilon() < kInfinity || curve.cumulant(1) < kInfinity ? spent : 1;
    return bound;
  }
  if (!(curve.cumulant(1) < kInfinity) || spent == 1) return bound;
  const numerics::Minimum best = best_log_delta(curve, epsilon);
  const double log_delta = std::min(best.value, log_total_variation(curve));
  const double rest = std::exp(log_delta) * (1 - spent);
  bound.upper = std::min(1.0, std::nextafter((spent + rest) * (1 + ulps(4)), 1.0));  // underflow must not read 0
  if (log_delta == best.value) bound.order = 1 + best.place;
  return bound;
}

}  // namespace dpml::renyi
