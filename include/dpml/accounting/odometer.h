#pragma once

#include <cstdint>
#include <vector>

#include "dpml/accounting/ledger.h"

namespace dpml {

/// What may be said about a run so far, although its events and the time to look were chosen on the way.
///
/// The claim (a privacy odometer, Rogers et al. 2016): for every pair of neighbours, with probability at least 1 -
/// delta over everything released, the privacy loss log(P / Q) of all that was released stays at or below epsilon() at
/// every moment of the run, all at once. So a rule that stops no later than when epsilon() would pass a number fixed in
/// advance is (that number, delta)-private. A filter of the same epsilon lets more through (filter.h).
///
/// Why: at an order a = 1 + b fixed in advance, exp(b (loss - sum of divergences)) is a supermartingale however the
/// next event is chosen, so by Ville's inequality loss <= sum + log(1 / delta_a) / b at all times but with probability
/// delta_a (Feldman and Zrnic 2021; Whitehouse et al. 2023). Fourteen orders from 1 + 1/8 to 1 + 1024 share delta.
class Odometer {
 public:
  /// Throws ConfigError when delta is not in (0, 1).
  Odometer(double delta, Neighbours neighbours);

  /// Charges the events, before they happen. Throws as AdaptiveFilter::spend with rdp does, but never for lack of room.
  void spend(const Event& event, std::uint64_t count = 1);

  /// Rounded up; 0 before the first event.
  double epsilon() const;

  const Ledger& ledger() const { return ledger_; }

 private:
  double delta_;
  std::vector<double> cumulants_;  // b times the sum of divergences, for each order
  Ledger ledger_;
};

}  // namespace dpml
