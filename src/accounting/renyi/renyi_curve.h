#pragma once

#include "dpml/accounting/event.h"

namespace dpml::renyi {

/// K(b) = b * D(1 + b), where D is a Renyi divergence and b = order - 1 > 0; never below the truth. Where the exact K
/// is known it is convex; some bounds are not.
///
/// The argument is order - 1 and not the order, because large epsilons live at orders like 1 + 1e-9.
/// Not for use by two threads at once: a curve may keep what it computed for the next order.
class RenyiCurve {
 public:
  virtual ~RenyiCurve() = default;
  virtual double cumulant(double order_minus_one) = 0;
  /// About how many nodes that takes.
  virtual double nodes() const { return 1; }
};

/// What a curve is about, and what it may take: evaluated once, about so many nodes of quadratures and outcomes of
/// pairs. Where those are not enough for the exact curve it is a bound that needs none.
struct CurveTerms {
  Neighbours neighbours;
  double most_nodes = 131072;
};

}  // namespace dpml::renyi
