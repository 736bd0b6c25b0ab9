#include "dpml/accounting/accountant.h"

#include "dpml/base/text.h"

namespace dpml {

Bound Accountant::epsilon_bound(const Ledger& ledger, double delta) const {
  if (!(delta >= 0 && delta < 1)) {
    throw ConfigError("accountant " + std::string(name()) + ": delta is " + to_text(delta) +
                      ", expected a number in [0, 1)");
  }
  if (ledger.entries().empty()) return {.upper = 0, .method = std::string(name())};
  return find_epsilon(ledger, delta);
}

Bound Accountant::delta_bound(const Ledger& ledger, double epsilon) const {
  if (!(epsilon >= 0)) {
    throw ConfigError("accountant " + std::string(name()) + ": epsilon is " + to_text(epsilon) +
                      ", expected a number, at least 0");
  }
  if (ledger.entries().empty()) return {.upper = 0, .method = std::string(name())};
  return find_delta(ledger, epsilon);
}

Guarantee Accountant::guarantee(const Ledger& ledger, double delta) const {
  const Bound bound = epsilon_bound(ledger, delta);
  return {.epsilon = bound.upper,
          .delta = delta,
          .neighbours = ledger.neighbours(),
          .accountant = std::string(name()),
          .order = bound.order,
          .epsilon_lower = bound.lower,
          .method = bound.method,
          .notes = bound.notes};
}

}  // namespace dpml
