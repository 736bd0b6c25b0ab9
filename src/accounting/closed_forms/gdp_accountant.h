#pragma once

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/interval.h"

namespace dpml::closed_forms {

/// What a ledger of Gaussians is, as one Gaussian.
struct GaussianTotal {
  Interval mu_squared;        ///< infinite for NonPrivate and noise multiplier 0
  bool has_shuffled = false;  ///< then mu_squared.lower leaves out what was shuffled
};

/// Sum of count * (distance / noise multiplier)^2 over the ledger. Throws UnsupportedEvent naming the first event that
/// is not a Gaussian.
GaussianTotal gaussian_total(const Ledger& ledger);

/// Gaussian differential privacy (Dong, Roth and Su 2019): the exact composition of Gaussians by the closed form of
/// analytic_gaussian.h. Of plain Gaussians, TreeAggregation (a Gaussian of distance sqrt(depth)) and
/// MixtureOfGaussians with one component; upper and lower differ by rounding only. Shuffled epochs are charged without
/// amplification, with a note, and bounded from below by shuffle_lower_bound.h. Whatever is sampled is refused.
class GdpAccountant final : public Accountant {
 public:
  std::string_view name() const override { return "gdp"; }
  bool is_quick() const override { return true; }

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override;
  Bound find_delta(const Ledger& ledger, double epsilon) const override;
};

}  // namespace dpml::closed_forms
