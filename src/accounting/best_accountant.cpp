#include "best_accountant.h"

#include <algorithm>
#include <optional>

namespace dpml {

namespace {

constexpr double kAgreement = 1e-9;

template <class Ask>
Bound best_of(const std::vector<std::unique_ptr<Accountant>>& accountants, const Ask& ask) {
  std::optional<Bound> best;
  std::string reasons;
  for (const std::unique_ptr<Accountant>& accountant : accountants) {
    try {
      Bound bound = ask(*accountant);
      const double lower = best ? std::max(best->lower, bound.lower) : bound.lower;
      if (!best || bound.upper < best->upper) best = std::move(bound);
      best->lower = std::min(lower, best->upper);
      if (best->lower >= best->upper * (1 - kAgreement)) break;
    } catch (const UnsupportedEvent& refusal) {
      const std::string reason = refusal.what();
      if (reasons.find(reason) == std::string::npos) reasons += (reasons.empty() ? "" : "; ") + reason;
    }
  }
  if (!best) throw UnsupportedEvent("accountant best: nobody can bound this ledger: " + reasons);
  return *best;
}

}  // namespace

Bound BestAccountant::find_epsilon(const Ledger& ledger, double delta) const {
  return best_of(accountants_, [&](const Accountant& accountant) { return accountant.epsilon_bound(ledger, delta); });
}

Bound BestAccountant::find_delta(const Ledger& ledger, double epsilon) const {
  return best_of(accountants_, [&](const Accountant& accountant) { return accountant.delta_bound(ledger, epsilon); });
}

}  // namespace dpml
