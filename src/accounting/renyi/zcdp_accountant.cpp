#include "zcdp_accountant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "discrete_outcomes.h"
#include "divergence_terms.h"
#include "dpml/accounting/renyi.h"
#include "event_facts.h"
#include "leaves.h"
#include "numerics/rounding.h"
#include "rdp_accountant.h"

namespace dpml::renyi {

namespace {

using numerics::kInfinity;

/// Covers the few operations of a formula.
constexpr double kFormulaUp = 1 + numerics::ulps(32);
constexpr double kSmallest = std::numeric_limits<double>::min();  // of a rho that is not 0

/// The cost of one leaf.
struct ConcentratedCost {
  double rho;
  double xi = 0;
  double delta = 0;
  double pure_epsilon = kInfinity;
};

struct CostOf {
  Neighbours neighbours;

  double distance() const { return events::contribution_distance(neighbours); }

  static ConcentratedCost gaussian(double distance, double deviation) {
    return {.rho = distance == 0 ? 0 : std::max(kSmallest, 0.5 * std::pow(distance / deviation, 2) * kFormulaUp)};
  }
  static ConcentratedCost pure(double epsilon) {
    if (epsilon == 0) return {.rho = 0, .pure_epsilon = 0};
    return {.rho = epsilon < kInfinity ? std::max(kSmallest, rho_of_pure(epsilon)) : kInfinity,
            .pure_epsilon = epsilon};
  }

  ConcentratedCost operator()(const Gaussian& it) const { return gaussian(distance(), it.noise_multiplier); }
  ConcentratedCost operator()(const DiscreteGaussian& it) const {
    return gaussian(distance() * static_cast<double>(it.sensitivity), it.scale);
  }
  ConcentratedCost operator()(const Laplace& it) const {
    const double epsilon = distance() / it.noise_multiplier * kFormulaUp;
    return {.rho = std::max(kSmallest, psi(-epsilon) * kFormulaUp), .pure_epsilon = epsilon};
  }
  ConcentratedCost operator()(const DiscreteLaplace& it) const {
    return pure(distance() * static_cast<double>(it.sensitivity) / it.scale * kFormulaUp);
  }
  ConcentratedCost operator()(const RandomizedResponse& it) const {
    if (!events::replaces_a_unit(neighbours)) refuse(it, "it has a meaning under replace_one only");
    return pure(events::largest_loss_of(it) * kFormulaUp);
  }
  ConcentratedCost operator()(const ExponentialMechanism& it) const {
    const double rho = 0.125 * it.epsilon * it.epsilon * kFormulaUp;
    return {.rho = it.epsilon == 0 ? 0 : std::max(kSmallest, rho), .pure_epsilon = it.epsilon};
  }
  ConcentratedCost operator()(const EpsilonDelta& it) const {
    ConcentratedCost cost = pure(it.epsilon);
    cost.delta = it.delta;
    return cost;
  }
  ConcentratedCost operator()(const ZeroConcentrated& it) const { return {.rho = it.rho, .xi = it.xi}; }
  ConcentratedCost operator()(const MixtureOfGaussians& it) const {
    if (events::replaces_a_unit(neighbours)) refuse(it, "it is not defined under replace_one");
    double longest = 0;
    for (const MixtureComponent& component : it.components) longest = std::max(longest, component.sensitivity);
    return gaussian(longest, it.noise_multiplier);
  }
  ConcentratedCost operator()(const TreeAggregation& it) const {
    if (events::replaces_a_unit(neighbours)) refuse(it, "it is not defined under replace_one");
    return {.rho = events::tree_depth(it) * gaussian(1, it.noise_multiplier).rho};
  }
  ConcentratedCost operator()(const NonPrivate&) const { return {.rho = kInfinity}; }

  template <class Kind>
  requires events::IsSampling<Kind> || events::IsSelection<Kind> || events::IsComposition<Kind> ConcentratedCost
  operator()(const Kind& kind) const {
    refuse(kind, "zero-concentrated privacy does not tell what sampling or selection gains or costs; use rdp or pld");
  }
  [[noreturn]] static void refuse(const Event& event, const std::string& why) {
    throw UnsupportedEvent("accountant zcdp: no bound for " + kind_name(event) + ", because " + why);
  }
};

/// The whole ledger as one event.
Ledger as_one_event(const ConcentratedTotal& total, Neighbours neighbours) {
  Ledger ledger(neighbours);
  if (std::isfinite(total.rho) && std::isfinite(total.xi)) {
    ledger.append(ZeroConcentrated{total.rho, total.xi});
  } else {
    ledger.append(NonPrivate{});
  }
  return ledger;
}

Bound renamed(Bound bound, const ConcentratedTotal& total, Neighbours neighbours) {
  bound.method = "zcdp";
  bound.lower = 0;
  bound.notes.clear();
  if (total.has_shuffled) bound.notes = events::shuffling_notes(neighbours);
  return bound;
}

}  // namespace

ConcentratedTotal concentrated_total(const Ledger& ledger) {
  ConcentratedTotal total;
  events::for_each_leaf(ledger, [&](const events::Leaf& leaf) {
    const ConcentratedCost cost = std::visit(CostOf{leaf.neighbours}, leaf.event.kind());
    const auto add = [&](double& sum, double cost_of_one) {
      sum = numerics::add_up(sum, numerics::multiply_up(leaf.count, cost_of_one));
    };
    add(total.rho, cost.rho);
    add(total.xi, cost.xi);
    add(total.delta, cost.delta);
    add(total.pure_epsilon, cost.pure_epsilon);
    total.has_shuffled |= leaf.is_shuffled;
  });
  return total;
}

Bound ZcdpAccountant::find_epsilon(const Ledger& ledger, double delta) const {
  const ConcentratedTotal total = concentrated_total(ledger);
  const double left = numerics::add_down(delta, -total.delta);
  if (left < 0) return renamed({.upper = kInfinity}, total, ledger.neighbours());
  Bound bound = renamed(RdpAccountant().epsilon_bound(as_one_event(total, ledger.neighbours()), left), total,
                        ledger.neighbours());
  if (total.pure_epsilon < bound.upper) {
    bound.upper = total.pure_epsilon;
    bound.order.reset();
  }
  return bound;
}

Bound ZcdpAccountant::find_delta(const Ledger& ledger, double epsilon) const {
  const ConcentratedTotal total = concentrated_total(ledger);
  Bound bound = renamed(RdpAccountant().delta_bound(as_one_event(total, ledger.neighbours()), epsilon), total,
                        ledger.neighbours());
  if (total.pure_epsilon <= epsilon) {
    bound.upper = 0;
    bound.order.reset();
  }
  bound.upper = std::min(1.0, numerics::add_up(bound.upper, total.delta));
  return bound;
}

}  // namespace dpml::renyi
