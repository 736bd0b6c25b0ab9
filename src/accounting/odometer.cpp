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

constexpr int kOrders = 14;
constexpr double kRounding = 8 * std::numeric_limits<double>::epsilon();

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
  ComposedCurve curve = adaptive_curve("odometer", event, count, ledger_.neighbours());
  std::vector<double> sums = cumulants_;
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = add_up(sums[i], curve.cumulant(order_minus_one(i)));
  ledger_.append(event, count);
  cumulants_ = std::move(sums);
}

double Odometer::epsilon() const {
  if (ledger_.releases() == 0) return 0;
  double smallest = std::numeric_limits<double>::infinity();
  const double log_share = std::log(kOrders / delta_) * (1 + kRounding);
  for (std::size_t i = 0; i < cumulants_.size(); ++i) {
    smallest = std::min(smallest, (cumulants_[i] + log_share) / order_minus_one(i) * (1 + kRounding));
  }
  return smallest;
}

}  // namespace dpml
