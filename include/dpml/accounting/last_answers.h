#pragma once

#include <list>

#include "dpml/accounting/accountant.h"

namespace dpml {

/// Another accountant's answers, of which it keeps the last few: for who asks once more what a search (calibration.h)
/// asked last. Not for use by two threads at once.
class LastAnswers final : public Accountant {
 public:
  /// `accountant` must outlive it.
  explicit LastAnswers(const Accountant& accountant) : accountant_(accountant) {}

  std::string_view name() const override { return accountant_.name(); }
  bool is_quick() const override { return accountant_.is_quick(); }

 private:
  struct Answer {
    Ledger ledger;
    double delta;
    Bound epsilon;
  };

  Bound find_epsilon(const Ledger& ledger, double delta) const override;
  Bound find_delta(const Ledger& ledger, double epsilon) const override;

  const Accountant& accountant_;
  mutable std::list<Answer> answers_;  ///< of epsilon, the latest first
};

}  // namespace dpml
