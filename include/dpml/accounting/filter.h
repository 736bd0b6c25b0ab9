#pragma once

#include <cstdint>
#include <optional>

#include "dpml/accounting/accountant.h"

namespace dpml {

// A budget that refuses the next event before it happens. Two kinds, because two different theorems stand behind them:
//
//   AdaptiveFilter  each event may be chosen after seeing everything released so far (noise lowered because training
//                   stalls, a run stopped because it went well). Methods that add up event by event: rdp, zcdp, gdp.
//   FixedSchedule   every event was fixed before the first release; exactly those are let through, in order. Any
//                   accountant, pld included: privacy loss distributions compose only such schedules.
//
// There is no way from a FixedSchedule to another event: who wants to choose on the way needs an AdaptiveFilter.

struct PrivacyBudget {
  double epsilon;  ///< finite, > 0
  double delta;    ///< in (0, 1)
  Neighbours neighbours;
};

/// What an AdaptiveFilter adds up.
enum class FilterMethod {
  rdp,   ///< Renyi divergence at one order, chosen in advance (Feldman and Zrnic 2021, Theorem 3.1; Lecuyer 2021)
  zcdp,  ///< rho, at the best order for the budget: as rdp for events told by their rho
  gdp,   ///< squared mu of Gaussians (Smith and Thakurta 2022; Koskela, Tobaben and Honkela 2022)
};

/// Lets an event through only while everything together, chosen adaptively, stays within the budget.
class AdaptiveFilter {
 public:
  /// `order` (> 1, rdp only) must not depend on the data; without one it is the order that lets most rho through, the
  /// best choice for Gaussians. The room at an order is what Canonne, Kamath and Steinke 2020, Proposition 12, leaves
  /// for the divergence. Throws ConfigError for a budget or an order out of range, or an order that leaves no room.
  AdaptiveFilter(const PrivacyBudget& budget, FilterMethod method, std::optional<double> order = std::nullopt);

  /// Whether `count` such events still fit. Throws UnsupportedEvent when the method cannot bound the event or the event
  /// brings a delta of its own along, ConfigError when it is not valid.
  bool allows(const Event& event, std::uint64_t count = 1) const;

  /// Charges the events, which must not have happened yet. Throws PrivacyError when they do not fit; nothing is charged
  /// then, and smaller ones may still fit. Otherwise as allows.
  void spend(const Event& event, std::uint64_t count = 1);

  /// How much of the room is taken, in [0, 1].
  double spent_share() const { return spent_ / room_; }

  /// The order in use; none for gdp.
  std::optional<double> order() const { return order_; }

  /// What was charged so far.
  const Ledger& ledger() const { return ledger_; }

  /// The whole budget. It holds at every moment for all that was let through, however it was chosen and whenever one
  /// stops; nothing smaller is claimed for a part of it (see odometer.h).
  Guarantee guarantee() const;

 private:
  double cost(const Event& event, std::uint64_t count) const;

  PrivacyBudget budget_;
  FilterMethod method_;
  std::optional<double> order_;
  double room_;
  double spent_ = 0;
  Ledger ledger_;
};

/// Lets through the events of a plan, in its order, and no others.
class FixedSchedule {
 public:
  /// The plan is all that will be released, fixed in advance. Throws PrivacyError when `accountant` does not certify
  /// that it keeps within epsilon at delta, and what Accountant::guarantee throws.
  FixedSchedule(Ledger plan, const Accountant& accountant, double epsilon, double delta);

  /// Whether `event` comes next in the plan.
  bool allows(const Event& event) const;

  /// Steps on by one event, which must not have happened yet. Throws PrivacyError when it is not the one that comes
  /// next, or when the plan is at its end.
  void spend(const Event& event);

  /// How many events of the plan are still to come.
  std::uint64_t remaining() const { return plan_.releases() - done_.releases(); }

  /// What was let through. Its own guarantee may be claimed for a run that stopped early only when the time to stop did
  /// not depend on what was released; otherwise the claim is guarantee().
  const Ledger& ledger() const { return done_; }

  /// Of the whole plan; holds whenever one stops.
  const Guarantee& guarantee() const { return guarantee_; }

 private:
  Ledger plan_;
  Guarantee guarantee_;
  Ledger done_;
  std::size_t entry_ = 0;    // of the plan, where the next event stands
  std::uint64_t taken_ = 0;  // of that entry
};

}  // namespace dpml
