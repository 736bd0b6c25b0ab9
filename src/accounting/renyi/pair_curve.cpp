#include "pair_curve.h"

#include <algorithm>
#include <cmath>

namespace dpml::renyi {

namespace {

constexpr double kLargestExponent = 1e15;  // log(a) is nothing beside it

double cumulant_of(const std::vector<RatioNode>& nodes, double order_minus_one) {
  ExcessSum sum(order_minus_one);
  for (const RatioNode& node : nodes) sum.add(node);
  return sum.cumulant();
}

}  // namespace

std::vector<Outcome> as_outcomes(const std::vector<events::DiscreteOutcome>& outcomes) {
  std::vector<Outcome> made;
  made.reserve(outcomes.size());
  for (const events::DiscreteOutcome& outcome : outcomes) made.push_back({outcome.loss, outcome.log_q});
  return made;
}

std::vector<Outcome> pure_outcomes(double epsilon) {
  return as_outcomes(events::outcomes_of_pure(epsilon));
}

std::vector<Outcome> sampled(std::vector<Outcome> outcomes, double sampling_rate) {
  for (Outcome& outcome : outcomes) outcome.log_ratio = log_mixture(sampling_rate, outcome.log_ratio);
  return outcomes;
}

PairCurve::PairCurve(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    forwards_.push_back(make_ratio_node(outcome.log_ratio, outcome.log_mass));
    backwards_.push_back(swapped(outcome.log_ratio, outcome.log_mass));
  }
}

double PairCurve::cumulant(double order_minus_one) {
  return with_slack(std::max(cumulant_of(forwards_, order_minus_one), cumulant_of(backwards_, order_minus_one)));
}

double BoundedRangeCurve::cumulant(double order_minus_one) {
  if (epsilon_ == 0) return 0;
  const double order = 1 + order_minus_one;
  // For small a epsilon: epsilon / 2 + (1 + 2 b) epsilon^2 / 24, where the difference of logarithms would cancel.
  const double top = order * epsilon_ < 1e-3 ? epsilon_ * (0.5 + (order + order_minus_one) * epsilon_ / 24)
                                             : epsilon_ + log_mean_exponential(order * epsilon_) -
                                                   log_mean_exponential(order_minus_one * epsilon_);
  const bool mass_at_top_vanishes = order * epsilon_ > kLargestExponent || top > epsilon_ * (1 - 1e-9);
  if (mass_at_top_vanishes) return with_slack(order_minus_one * epsilon_);  // pure DP
  const double range = -std::expm1(-epsilon_);
  ExcessSum sum(order_minus_one);
  // The masses under Q make E_Q[P/Q] = 1: (exp(-t) - exp(-epsilon)) / range at t, (1 - exp(-t)) / range at the other.
  sum.add(make_ratio_node(top, -top + std::log(-std::expm1(top - epsilon_) / range)));
  sum.add(make_ratio_node(top - epsilon_, std::log(-std::expm1(-top) / range)));
  return with_slack(sum.cumulant());
}

}  // namespace dpml::renyi
