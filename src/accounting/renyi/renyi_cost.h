#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "numerics/rounding.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// What is added, relatively, to a largest loss: it takes fewer operations than that.
inline constexpr double kLossSlack = numerics::ulps(16);

/// What one release costs, told in three numbers that compose: with probability `delta`, the same for both neighbours,
/// anything may come out; otherwise the divergence is at most `curve`, and the privacy loss at most pure_epsilon.
struct RenyiCost {
  std::unique_ptr<RenyiCurve> curve;
  double pure_epsilon = std::numeric_limits<double>::infinity();
  double delta = 0;
  std::vector<std::string> notes = {};  ///< sentences for Bound::notes
};

/// The cost of any event but Composed and SelfComposed, which ComposedCurve takes apart. Throws UnsupportedEvent,
/// naming the event.
RenyiCost renyi_cost(const Event& event, const CurveTerms& terms);

}  // namespace dpml::renyi
