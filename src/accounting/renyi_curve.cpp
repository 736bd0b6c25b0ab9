#include "renyi_curve.h"

#include <algorithm>
#include <cmath>

#include "divergence_terms.h"
#include "dpml/accounting/renyi.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "gaussian_curve.h"
#include "pair_curve.h"
#include "renyi_cost.h"
#include "rounding.h"

namespace dpml {

namespace {

constexpr double kSumSlack = 1e-12;  // for the roundings of a sum of many terms

/// count * each, where anything often enough is 0 only if it is 0 once.
double times(double count, double each) {
  return each == 0 ? 0 : count * each;
}

void require_order(const char* who, double order) {
  if (order > 1 && std::isfinite(order)) return;
  throw ConfigError(std::string(who) + ": order is " + to_text(order) + ", expected a finite number above 1");
}

void require_epsilon(const char* who, double epsilon) {
  if (epsilon >= 0 && std::isfinite(epsilon)) return;
  throw ConfigError(std::string(who) + ": epsilon is " + to_text(epsilon) + ", expected a finite number, at least 0");
}

}  // namespace

std::unique_ptr<RenyiCurve> make_renyi_curve(const Event& event, Neighbours neighbours) {
  auto curve = std::make_unique<ComposedCurve>(event, neighbours);
  if (curve->delta() > 0) return std::make_unique<InfiniteCurve>();
  return curve;
}

ComposedCurve::ComposedCurve(const Ledger& ledger) {
  for (const LedgerEntry& entry : ledger.entries()) {
    add(entry.event, ledger.neighbours(), count_up(entry.count));
  }
}

ComposedCurve::ComposedCurve(const Event& event, Neighbours neighbours) {
  add(event, neighbours, 1);
}

void ComposedCurve::add(const Event& event, Neighbours neighbours, double count) {
  if (const auto* it = event.get_if<SelfComposed>()) {
    return add(it->inner, neighbours, multiply_up(count, count_up(it->count)));
  }
  if (const auto* it = event.get_if<Composed>()) {
    for (const Event& part : it->events) add(part, neighbours, count);
    return;
  }
  const auto [found, is_new] = place_.try_emplace(to_text(neighbours) + " " + to_text(event), terms_.size());
  if (is_new) {
    RenyiCost cost = renyi_cost(event, neighbours);
    terms_.push_back({std::move(cost.curve), 0, cost.pure_epsilon, cost.delta});
    for (std::string& note : cost.notes) {
      if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(std::move(note));
    }
  }
  terms_[found->second].count += count;
}

double ComposedCurve::cumulant(double order_minus_one) {
  double sum = 0;
  for (const Term& term : terms_) sum += times(term.count, term.curve->cumulant(order_minus_one));
  return sum;
}

double ComposedCurve::delta() const {
  double log_success = 0;
  for (const Term& term : terms_) log_success += times(term.count, std::log1p(-term.delta));
  return std::min(1.0, std::fabs(std::expm1(log_success)) * (1 + kSumSlack));  // and 0 without a sign
}

double ComposedCurve::pure_epsilon() const {
  double sum = 0;
  for (const Term& term : terms_) {
    if (term.pure_epsilon > 0) sum = add_up(sum, multiply_up(term.count, term.pure_epsilon));
  }
  return sum;
}

double renyi_divergence(const Event& event, Neighbours neighbours, double order) {
  require_order("renyi_divergence", order);
  validate(event);
  return make_renyi_curve(event, neighbours)->cumulant(order - 1) / (order - 1);
}

double renyi_divergence_of_pure(double epsilon, double order) {
  require_order("renyi_divergence_of_pure", order);
  require_epsilon("renyi_divergence_of_pure", epsilon);
  return epsilon == 0 ? 0 : PairCurve(pure_outcomes(epsilon)).cumulant(order - 1) / (order - 1);
}

double rho_of_pure(double epsilon) {
  require_epsilon("rho_of_pure", epsilon);
  return epsilon * std::tanh(epsilon / 2) * (1 + kRenyiSlack);
}

}  // namespace dpml
