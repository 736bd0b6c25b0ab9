#pragma once

#include <memory>
#include <vector>

#include "dpml/accounting/ledger.h"

namespace dpml {

/// K(b) = b * D(1 + b), where D is a Renyi divergence and b = order - 1 > 0; never below the truth. K is convex.
///
/// The argument is order - 1 and not the order, because large epsilons live at orders like 1 + 1e-9.
/// Not for use by two threads at once: a curve may keep what it computed for the next order.
class RenyiCurve {
 public:
  virtual ~RenyiCurve() = default;
  virtual double cumulant(double order_minus_one) = 0;
};

/// The curve of one release of `event`. Throws UnsupportedEvent, naming the event.
std::unique_ptr<RenyiCurve> make_renyi_curve(const Event& event, Neighbours neighbours);

/// The sum of the curves of a whole ledger, each times its count. Equal events are evaluated once, wherever they stand.
class ComposedCurve final : public RenyiCurve {
 public:
  explicit ComposedCurve(const Ledger& ledger);
  double cumulant(double order_minus_one) override;

 private:
  struct Term {
    std::unique_ptr<RenyiCurve> curve;
    double count;
  };
  std::vector<Term> terms_;
};

}  // namespace dpml
