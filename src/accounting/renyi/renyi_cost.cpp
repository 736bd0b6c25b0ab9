#include "renyi_cost.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "balls_and_bins_curve.h"
#include "discrete_outcomes.h"
#include "event_facts.h"
#include "gaussian_curve.h"
#include "gaussian_mixture_curve.h"
#include "laplace_curve.h"
#include "leaves.h"
#include "numerics/rounding.h"
#include "pair_curve.h"
#include "repeat_and_select_curve.h"
#include "sampled_cost.h"

namespace dpml::renyi {

namespace {

using numerics::kInfinity;

/// At most one of these inside another: each tries all orders of what is inside it, at every order.
bool holds_poisson_selection(const Event& event) {
  const auto* selection = event.get_if<RepeatAndSelect>();
  if (selection != nullptr && std::isinf(selection->shape)) return true;
  bool holds = false;
  events::for_each_inner(event, [&](const Event& inner) { holds = holds || holds_poisson_selection(inner); });
  return holds;
}

/// Finds the cost of an event.
struct CostMaker {
  CurveTerms terms;
  Neighbours neighbours = terms.neighbours;

  double distance() const { return events::contribution_distance(neighbours); }

  RenyiCost operator()(const Gaussian& it) const { return {.curve = gaussian_curve(it.noise_multiplier, distance())}; }

  RenyiCost operator()(const Laplace& it) const {
    const double loss = numerics::divide_up(distance(), it.noise_multiplier);
    return {.curve = std::make_unique<LaplaceCurve>(loss, 0), .pure_epsilon = loss};
  }

  RenyiCost operator()(const DiscreteGaussian& it) const {
    return {.curve = gaussian_curve(it.scale, distance() * static_cast<double>(it.sensitivity))};
  }

  RenyiCost operator()(const DiscreteLaplace& it) const {
    const double loss = numerics::divide_up(distance() * static_cast<double>(it.sensitivity), it.scale);
    return {.curve = std::make_unique<LaplaceCurve>(loss, 1 / it.scale), .pure_epsilon = loss};
  }

  RenyiCost operator()(const RandomizedResponse& it) const {
    if (!events::replaces_a_unit(neighbours)) refuse("randomized_response", "one unit's answer is there or not");
    return {.curve = std::make_unique<PairCurve>(as_outcomes(events::outcomes_of(it))),
            .pure_epsilon = events::largest_loss_of(it) * (1 + kLossSlack)};
  }

  RenyiCost operator()(const ExponentialMechanism& it) const {
    return {.curve = std::make_unique<BoundedRangeCurve>(it.epsilon), .pure_epsilon = it.epsilon};
  }

  RenyiCost operator()(const EpsilonDelta& it) const {
    return {
        .curve = std::make_unique<PairCurve>(pure_outcomes(it.epsilon)), .pure_epsilon = it.epsilon, .delta = it.delta};
  }

  RenyiCost operator()(const ZeroConcentrated& it) const {
    return {.curve = std::make_unique<ZeroConcentratedCurve>(it.rho, it.xi),
            .pure_epsilon = it.rho == 0 ? it.xi : kInfinity};
  }

  RenyiCost operator()(const MixtureOfGaussians& it) const {
    if (events::replaces_a_unit(neighbours)) refuse("mixture_of_gaussians", "it is not defined there");
    return {.curve = mixture_curve(it, 1, terms.most_nodes)};
  }

  RenyiCost operator()(const TreeAggregation& it) const {
    if (events::replaces_a_unit(neighbours)) refuse("tree_aggregation", "it is not defined there");
    return {.curve = gaussian_curve(it.noise_multiplier, std::sqrt(events::tree_depth(it)))};
  }

  RenyiCost operator()(const PoissonSampled& it) const { return poisson_cost(it, terms); }

  RenyiCost operator()(const SampledWithoutReplacement& it) const { return without_replacement_cost(it, terms); }

  RenyiCost operator()(const TruncatedPoissonSampled& it) const { return truncated_poisson_cost(it, terms); }

  RenyiCost operator()(const Shuffled& it) const {
    if (it.batches == 1) return composed_cost(it.inner, terms);
    Ledger epoch(neighbours);
    epoch.append(it);
    auto charged = std::make_unique<ComposedCurve>(Ledger(neighbours));
    events::for_each_leaf(epoch, [&](const events::Leaf& leaf) {
      charged->add(leaf.event, {leaf.neighbours, terms.most_nodes}, leaf.count);
    });
    RenyiCost cost = cost_of(std::move(charged));
    for (const std::string& note : events::shuffling_notes(neighbours)) cost = with_note(std::move(cost), note);
    return cost;
  }

  RenyiCost operator()(const BallsAndBins& it) const {
    const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(it.inner);
    if (it.bins == 1) return composed_cost(it.inner, terms);
    refuse_fixed_size_inside(it.inner, "balls_and_bins { " + kind_name(it.inner) + " }", neighbours);
    if (gaussian && gaussian->noise_multiplier > 0 && !events::replaces_a_unit(neighbours)) {
      return {.curve = std::make_unique<BallsAndBinsCurve>(it.bins, gaussian->noise_multiplier)};
    }
    return with_note(composed_cost(it.inner, terms),
                     "balls_and_bins is charged without amplification, one release for each epoch, except for "
                     "Gaussians under add_or_remove_one and zero_out neighbours");
  }

  RenyiCost operator()(const RepeatAndSelect& it) const {
    if (std::isinf(it.shape) && holds_poisson_selection(it.inner)) {
      refuse("repeat_and_select with shape inf around another one", "it would take too long");
    }
    ComposedCurve inner(it.inner, terms);
    const double pure = std::isfinite(it.shape) ? (2 + it.shape) * inner.pure_epsilon() * (1 + kLossSlack) : kInfinity;
    // Whether a run fails does not depend on the data, so the number of runs of which none fails is distributed alike,
    // with a smaller mean.
    const double delta = std::min(1.0, it.mean * inner.delta());
    const std::vector<std::string> notes = inner.notes();
    return {.curve = std::make_unique<RepeatAndSelectCurve>(std::move(inner), it.mean, it.shape),
            .pure_epsilon = pure,
            .delta = delta,
            .notes = notes};
  }

  RenyiCost operator()(const NonPrivate&) const { return {.curve = std::make_unique<InfiniteCurve>()}; }
  RenyiCost operator()(const Composed&) const { throw InternalError("renyi_cost: composed is taken apart before"); }
  RenyiCost operator()(const SelfComposed&) const { throw InternalError("renyi_cost: composed is taken apart before"); }

  [[noreturn]] void refuse(const std::string& what, const std::string& why) const {
    refuse_event(what, neighbours, why);
  }
};

}  // namespace

RenyiCost renyi_cost(const Event& event, const CurveTerms& terms) {
  return std::visit(CostMaker{terms}, event.kind());
}

}  // namespace dpml::renyi
