#include "composed_curve.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "dpml/base/text.h"
#include "event_rounding.h"
#include "gaussian_curve.h"
#include "numerics/rounding.h"
#include "renyi_cost.h"

namespace dpml::renyi {

namespace {

constexpr double kLeastNodes = 1024;
constexpr double kSumSlack = 1e-12;  // for the roundings of a sum of many terms

/// count * each, where anything often enough is 0 only if it is 0 once.
double times(double count, double each) {
  return each == 0 ? 0 : count * each;
}

/// What each of so many may take.
CurveTerms shared(const CurveTerms& terms, std::size_t many) {
  return {terms.neighbours,
          std::max(kLeastNodes, terms.most_nodes / static_cast<double>(std::max<std::size_t>(1, many)))};
}

}  // namespace

std::unique_ptr<RenyiCurve> make_renyi_curve(const Event& event, Neighbours neighbours) {
  auto curve = std::make_unique<ComposedCurve>(event, CurveTerms{neighbours});
  if (curve->delta() > 0) return std::make_unique<InfiniteCurve>();
  return curve;
}

ComposedCurve::ComposedCurve(const Ledger& ledger) {
  const CurveTerms terms = shared({ledger.neighbours()}, ledger.entries().size());
  for (const LedgerEntry& entry : ledger.entries()) add(entry.event, terms, numerics::count_up(entry.count));
}

ComposedCurve::ComposedCurve(const Event& event, const CurveTerms& terms) {
  add(event, terms, 1);
}

void ComposedCurve::add(const Event& event, const CurveTerms& terms, double count) {
  if (const auto* it = event.get_if<SelfComposed>()) {
    return add(it->inner, terms, numerics::multiply_up(count, numerics::count_up(it->count)));
  }
  if (const auto* it = event.get_if<Composed>()) {
    const CurveTerms of_part = shared(terms, it->events.size());
    for (const Event& part : it->events) add(part, of_part, count);
    return;
  }
  const auto [found, is_new] =
      place_.try_emplace(to_text(terms.neighbours) + " " + events::key_of(event), terms_.size());
  if (is_new) {
    // Squares of extreme numbers are no numbers; the largest loss needs none.
    const std::optional<Event> tame = events::tamed(event);
    RenyiCost cost = renyi_cost(tame ? *tame : event, terms);
    if (tame) cost.pure_epsilon = std::min(cost.pure_epsilon, renyi_cost(event, terms).pure_epsilon);
    terms_.push_back({std::move(cost.curve), 0, cost.pure_epsilon, cost.delta});
    for (std::string& note : cost.notes) {
      if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(std::move(note));
    }
  }
  terms_[found->second].count += count;
}

double ComposedCurve::nodes() const {
  double sum = 0;
  for (const Term& term : terms_) sum += term.curve->nodes();
  return sum;
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
    if (term.pure_epsilon > 0) sum = numerics::add_up(sum, numerics::multiply_up(term.count, term.pure_epsilon));
  }
  return sum;
}

}  // namespace dpml::renyi
