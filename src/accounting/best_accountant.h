#pragma once

#include <memory>
#include <vector>

#include "dpml/accounting/accountant.h"

namespace dpml {

/// The smallest certified answer of several accountants, asked in order: the exact and the quick ones should stand
/// first, because nobody is asked any more once upper and lower agree to 1e-9. An accountant that cannot bound the
/// ledger is passed over; when none can, UnsupportedEvent joins their reasons. Under "method" stands who gave upper;
/// lower is the largest of all.
class BestAccountant final : public Accountant {
 public:
  explicit BestAccountant(std::vector<std::unique_ptr<Accountant>> accountants)
      : accountants_(std::move(accountants)) {}

  std::string_view name() const override { return "best"; }

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override;
  Bound find_delta(const Ledger& ledger, double epsilon) const override;

  std::vector<std::unique_ptr<Accountant>> accountants_;
};

}  // namespace dpml
