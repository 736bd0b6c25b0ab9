#pragma once

#include <vector>

#include "dpml/accounting/event.h"

namespace dpml::events {

/// What a mechanism with finitely many outcomes gives two neighbours P and Q. Of a mass one of the two tells all
/// digits, the number or the logarithm: sums need the one, outcomes that are rarer than any double the other.
struct DiscreteOutcome {
  double loss;   ///< log(P / Q), finite
  double p;      ///< of P
  double log_q;  ///< of Q
};

/// A mechanism that is epsilon-differentially private and no more: randomised response with two answers. Every other
/// one is a function of its answer (Kairouz, Oh and Viswanath 2015).
std::vector<DiscreteOutcome> outcomes_of_pure(double epsilon);

/// Two units that have different categories.
std::vector<DiscreteOutcome> outcomes_of(const RandomizedResponse& event);
double largest_loss_of(const RandomizedResponse& event);

/// Noise on the integers, moved by `distance`, a whole number; in order of the loss.
std::vector<DiscreteOutcome> outcomes_of_discrete_laplace(double scale, double distance);

}  // namespace dpml::events
