#include "dpml/accounting/filter.h"

#include <cmath>
#include <utility>

#include "closed_forms/gdp_accountant.h"
#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/minimise.h"
#include "numerics/rounding.h"
#include "renyi/adaptive_cost.h"
#include "renyi/zcdp_accountant.h"

namespace dpml {

namespace {

using numerics::ulps;

std::string name_of(FilterMethod method) {
  switch (method) {
    case FilterMethod::rdp:
      return "rdp";
    case FilterMethod::zcdp:
      return "zcdp";
    case FilterMethod::gdp:
      return "gdp";
  }
  throw InternalError("FilterMethod: not one of the enumerated values");
}

std::string title(FilterMethod method) {
  return name_of(method) + " filter";
}

/// b D at which Proposition 12 gives the budget's epsilon and delta, rounded down; a = 1 + b.
double cumulant_room(const PrivacyBudget& budget, double b) {
  const double terms[] = {b * budget.epsilon, b * std::log1p(1 / b), std::log(budget.delta), std::log1p(b)};
  double sum = 0;
  double size = 0;
  for (double term : terms) {
    sum += term;
    size += std::fabs(term);
  }
  return sum - ulps(8) * size;
}

double best_order(const PrivacyBudget& budget) {
  return 1 + numerics::minimise_positive([&](double b) { return -cumulant_room(budget, b) / (b * (1 + b)); }).place;
}

/// Divergence that fits at `order`.
double divergence_room(const PrivacyBudget& budget, double order) {
  const double room = cumulant_room(budget, order - 1) / (order - 1) * (1 - ulps(8));
  if (room > 0) return room;
  throw ConfigError("filter: order " + to_text(order) + " leaves no room within epsilon " + to_text(budget.epsilon) +
                    " and delta " + to_text(budget.delta) + "; state a larger order, or none");
}

void check(const PrivacyBudget& budget, FilterMethod method, std::optional<double> order) {
  if (!(budget.epsilon > 0 && std::isfinite(budget.epsilon))) {
    throw ConfigError("filter: epsilon is " + to_text(budget.epsilon) + ", expected a positive finite number");
  }
  if (!(budget.delta > 0 && budget.delta < 1)) {
    throw ConfigError("filter: delta is " + to_text(budget.delta) + ", expected a number in (0, 1)");
  }
  if (!order) return;
  if (method != FilterMethod::rdp) throw ConfigError(title(method) + ": takes no order; only the rdp filter does");
  if (!(*order > 1 && std::isfinite(*order))) {
    throw ConfigError("filter: order is " + to_text(*order) + ", expected a finite number above 1");
  }
}

}  // namespace

AdaptiveFilter::AdaptiveFilter(const PrivacyBudget& budget, FilterMethod method, std::optional<double> order)
    : budget_(budget), method_(method), order_(order), room_(0), ledger_(budget.neighbours) {
  check(budget, method, order);
  switch (method) {
    case FilterMethod::rdp:
    case FilterMethod::zcdp:
      if (!order_) order_ = best_order(budget);
      room_ = divergence_room(budget, *order_);
      return;
    case FilterMethod::gdp: {
      const double mu = gaussian_mu(budget.epsilon, budget.delta).lower;
      room_ = numerics::multiply_down(mu, mu);
      return;
    }
  }
  throw InternalError("FilterMethod: not one of the enumerated values");
}

double AdaptiveFilter::cost(const Event& event, std::uint64_t count) const {
  switch (method_) {
    case FilterMethod::rdp:
      return renyi::adaptive_curve(title(method_), event, count, budget_.neighbours).cumulant(*order_ - 1) /
             (*order_ - 1) * (1 + ulps(8));
    case FilterMethod::zcdp: {
      const renyi::ConcentratedTotal total = renyi::concentrated_total(ledger_with(event, count, budget_.neighbours));
      if (total.delta > 0) renyi::refuse_own_delta(title(method_), event);
      return numerics::add_up(total.xi, numerics::multiply_up(total.rho, *order_));
    }
    case FilterMethod::gdp:
      return closed_forms::gaussian_total(ledger_with(event, count, budget_.neighbours)).mu_squared.upper;
  }
  throw InternalError("FilterMethod: not one of the enumerated values");
}

bool AdaptiveFilter::allows(const Event& event, std::uint64_t count) const {
  return numerics::add_up(spent_, cost(event, count)) <= room_;
}

void AdaptiveFilter::spend(const Event& event, std::uint64_t count) {
  const double after = numerics::add_up(spent_, cost(event, count));
  if (!(after <= room_)) {
    throw PrivacyError(title(method_) + ": " + std::to_string(count) + " x " + kind_name(event) +
                       " would exceed the budget of epsilon " + to_text(budget_.epsilon) + " at delta " +
                       to_text(budget_.delta) + ", of which " + to_text(std::round(100 * spent_share())) +
                       " % are spent; nothing may be released. Stop here, or choose events that cost less");
  }
  ledger_.append(event, count);
  spent_ = after;
}

Guarantee AdaptiveFilter::guarantee() const {
  return {.epsilon = budget_.epsilon,
          .delta = budget_.delta,
          .neighbours = budget_.neighbours,
          .accountant = title(method_),
          .order = order_,
          .method = name_of(method_),
          .notes = {"the budget of an adaptive filter, which holds for all that it let through, whatever was chosen"}};
}

FixedSchedule::FixedSchedule(Ledger plan, const Accountant& accountant, double epsilon, double delta)
    : plan_(std::move(plan)), guarantee_(accountant.guarantee(plan_, delta)), done_(plan_.neighbours()) {
  if (!(guarantee_.epsilon <= epsilon)) {
    throw PrivacyError("fixed schedule: the plan costs epsilon " + to_text(guarantee_.epsilon) + " at delta " +
                       to_text(delta) + " by " + guarantee_.method + ", above the budget of " + to_text(epsilon) +
                       "; nothing may be released. Plan more noise or fewer events");
  }
}

bool FixedSchedule::allows(const Event& event) const {
  return entry_ < plan_.entries().size() && plan_.entries()[entry_].event == event;
}

void FixedSchedule::spend(const Event& event) {
  if (entry_ == plan_.entries().size()) {
    throw PrivacyError("fixed schedule: all " + std::to_string(plan_.releases()) +
                       " events of the plan have happened; nothing more may be released");
  }
  if (!allows(event)) {
    throw PrivacyError("fixed schedule: the plan wants " + to_text(plan_.entries()[entry_].event) + " next, not " +
                       to_text(event) +
                       ". The accountant's bound holds for exactly the plan; to choose on the way, use "
                       "an adaptive filter");
  }
  done_.append(event);
  if (++taken_ == plan_.entries()[entry_].count) {
    taken_ = 0;
    ++entry_;
  }
}

}  // namespace dpml
