#include "dpml/accounting/odometer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/rounding.h"
#include "renyi/adaptive_cost.h"

namespace dpml {

namespace {

using numerics::ulps;

constexpr int kOrders = 14;

double order_minus_one(std::size_t index) {
  return std::ldexp(0.125, static_cast<int>(index));
}

}  // namespace

Odometer::Odometer(double delta, Neighbours neighbours) : delta_(delta), cumulants_(kOrders, 0.0), ledger_(neighbours) {
  if (!(delta > 0 && delta < 1)) {
    throw ConfigError("odometer: delta is " + to_text(delta) + ", expected a number in (0, 1)");
  }
}

void Odometer::spend(const Event& event, std::uint64_t count) {
  renyi::ComposedCurve curve = renyi::adaptive_curve("odometer", event, count, ledger_.neighbours());
  std::vector<double> sums = cumulants_;
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = numerics::add_up(sums[i], curve.cumulant(order_minus_one(i)));
  ledger_.append(event, count);
  cumulants_ = std::move(sums);
}

double Odometer::epsilon() const {
  if (ledger_.releases() == 0) return 0;
  double smallest = std::numeric_limits<double>::infinity();
  const double log_share = std::log(kOrders / delta_) * (1 + ulps(8));
  for (std::size_t i = 0; i < cumulants_.size(); ++i) {
    smallest = std::min(smallest, (cumulants_[i] + log_share) / order_minus_one(i) * (1 + ulps(8)));
  }
  return smallest;
}

}  // namespace dpml
