#pragma once

#include "dpml/accounting/accountant.h"

namespace dpml::pld {

/// Privacy loss distributions on a lattice, from above (connect the dots) and from below, for both directions of the
/// neighbours, composed by tilted Fourier transforms (composed_pld.h). The grid is chosen so that the interval is
/// at most `relative_gap` of its upper end wide, where a million points allow it.
///
/// Valid for schedules that are fixed in advance; a schedule that is chosen on the way needs a filter (filter.h).
/// Where no pair is known, or the fine method cannot, it answers with RDP and says so in the notes; it is never
/// above RDP, whose number it takes where both agree within the gap and that is the smaller one.
class PldAccountant final : public Accountant {
 public:
  explicit PldAccountant(double relative_gap) : relative_gap_(relative_gap) {}
  std::string_view name() const override { return "pld"; }

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override;
  Bound find_delta(const Ledger& ledger, double epsilon) const override;

  double relative_gap_;
};

}  // namespace dpml::pld
