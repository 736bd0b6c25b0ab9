#include "adaptive_cost.h"

#include "dpml/accounting/accountant.h"

namespace dpml::renyi {

ComposedCurve adaptive_curve(const std::string& who, const Event& event, std::uint64_t count, Neighbours neighbours) {
  ComposedCurve curve(ledger_with(event, count, neighbours));
  if (curve.delta() > 0) refuse_own_delta(who, event);
  return curve;
}

void refuse_own_delta(const std::string& who, const Event& event) {
  throw UnsupportedEvent(
      who + ": " + kind_name(event) +
      " brings a delta of its own along, for which a sum over adaptively chosen events has no place; "
      "state a pure or zero-concentrated bound of it, or use a fixed schedule");
}

}  // namespace dpml::renyi
