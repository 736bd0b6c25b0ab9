#pragma once

#include "composed_curve.h"
#include "dpml/accounting/accountant.h"

namespace dpml::renyi {

/// Renyi differential privacy (Mironov 2017), at the best real order for the answer asked for.
///
/// With K(b) = b D(1 + b) summed over the ledger, a = 1 + b, and any order a > 1, Canonne, Kamath and Steinke 2020,
/// Proposition 12, give
///   epsilon = (K(b) - log(delta) - log(a)) / b + log(b / a),
///   log(delta) = K(b) - b epsilon + b log(b / a) - log(a).
/// K is convex, and so are b log(b / a) and -log(a); hence log(delta) is convex in b and epsilon, a convex function
/// over b, is quasi-convex: one descent finds the best order. At the order 1, Bretagnolle and Huber bound the total
/// variation by sqrt(1 - exp(-D(1))), which is a delta for every epsilon >= 0.
///
/// Deltas that events bring along are chances of failure, the same for both neighbours: with d their composition, the
/// rest must meet (delta - d) / (1 - d). Where every privacy loss has a bound, epsilon is at most the sum of them.
class RdpAccountant final : public Accountant {
 public:
  std::string_view name() const override { return "rdp"; }
  bool is_quick() const override { return true; }

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override;
  Bound find_delta(const Ledger& ledger, double epsilon) const override;
};

/// The same of a curve: epsilon at delta, in [0, 1).
Bound epsilon_of(ComposedCurve& curve, double delta);

}  // namespace dpml::renyi
