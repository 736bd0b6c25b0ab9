#include "gdp_accountant.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/accounting/shuffle_lower_bound.h"
#include "event_facts.h"
#include "leaves.h"
#include "numerics/rounding.h"

namespace dpml::closed_forms {

namespace {

using numerics::kInfinity;
using numerics::kUlp;

constexpr double kSmallest = std::numeric_limits<double>::min();

/// mu^2 of one leaf.
struct SquaredMu {
  Neighbours neighbours;

  double ratio(double distance, double noise_multiplier) const {
    if (distance == 0) return 0;
    return std::max(kSmallest, std::pow(events::contribution_distance(neighbours) * distance / noise_multiplier, 2));
  }
  double operator()(const Gaussian& gaussian) const { return ratio(1, gaussian.noise_multiplier); }
  double operator()(const NonPrivate&) const { return kInfinity; }
  double operator()(const TreeAggregation& tree) const {
    if (events::replaces_a_unit(neighbours)) refuse(tree, "it is not defined under replace_one");
    return events::tree_depth(tree) * ratio(1, tree.noise_multiplier);
  }
  double operator()(const MixtureOfGaussians& mixture) const {
    if (events::replaces_a_unit(neighbours)) refuse(mixture, "it is not defined under replace_one");
    if (mixture.components.size() > 1) refuse(mixture, "several components are not one Gaussian; use pld or rdp");
    return ratio(mixture.components.front().sensitivity, mixture.noise_multiplier);
  }
  template <class Kind>
  requires events::IsSampling<Kind>
  double operator()(const Kind& kind) const {
    refuse(kind,
           "a sampled Gaussian is not a Gaussian, and the central limit theorem gives an estimate for it, "
           "never a guarantee; use pld or rdp");
  }
  template <class Kind>
  requires events::IsClaim<Kind> || events::IsSelection<Kind> || events::IsComposition<Kind> ||
      kIsOneOf<Kind, std::variant<Laplace, DiscreteGaussian, DiscreteLaplace, RandomizedResponse>>
  double operator()(const Kind& kind) const { refuse(kind, "it is not a Gaussian; use rdp"); }

  [[noreturn]] static void refuse(const Event& event, const std::string& why) {
    throw UnsupportedEvent("accountant gdp: no bound for " + kind_name(event) + ", because " + why);
  }
};

/// What one shuffled epoch of Gaussians alone makes sure of; more releases only add to it.
double shuffled_lower_bound(const Ledger& ledger, double delta) {
  double largest = 0;
  for (const LedgerEntry& entry : ledger.entries()) {
    const Event* event = &entry.event;
    while (const auto* repeated = event->get_if<SelfComposed>()) event = &repeated->inner;
    const auto* shuffled = event->get_if<Shuffled>();
    const auto* gaussian = shuffled != nullptr ? shuffled->inner.get_if<Gaussian>() : nullptr;
    if (gaussian == nullptr || gaussian->noise_multiplier == 0) continue;
    largest = std::max(largest, shuffle_epsilon_lower_bound(gaussian->noise_multiplier, shuffled->batches, delta));
  }
  return largest;
}

Interval mu_of(const Interval& squared) {
  return {std::sqrt(squared.lower) * (1 - kUlp), std::sqrt(squared.upper) * (1 + kUlp)};
}

Bound bound_of(double lower, double upper, const GaussianTotal& total, Neighbours neighbours) {
  Bound bound{.upper = upper, .lower = lower, .method = "gdp"};
  if (total.has_shuffled) bound.notes = events::shuffling_notes(neighbours);
  return bound;
}

}  // namespace

GaussianTotal gaussian_total(const Ledger& ledger) {
  GaussianTotal total{.mu_squared = {0, 0}};
  events::for_each_leaf(ledger, [&](const events::Leaf& leaf) {
    const double squared = std::visit(SquaredMu{leaf.neighbours}, leaf.event.kind());
    // Of the few operations above, of which none but the last can have become too small for a double.
    const Interval one = {squared > kSmallest ? squared * (1 - 8 * kUlp) : 0, squared * (1 + 8 * kUlp)};
    total.mu_squared.upper = numerics::add_up(total.mu_squared.upper, numerics::multiply_up(leaf.count, one.upper));
    if (!leaf.is_shuffled) {
      const double most = std::min(leaf.count, std::numeric_limits<double>::max());
      const double count = most < 0x1p53 ? most : most * (1 - 64 * kUlp);
      total.mu_squared.lower = numerics::add_down(total.mu_squared.lower, numerics::multiply_down(count, one.lower));
    }
    total.has_shuffled |= leaf.is_shuffled;
  });
  return total;
}

Bound GdpAccountant::find_epsilon(const Ledger& ledger, double delta) const {
  const GaussianTotal total = gaussian_total(ledger);
  const Interval mu = mu_of(total.mu_squared);
  const double lower = std::max(gaussian_epsilon(mu.lower, delta).lower, shuffled_lower_bound(ledger, delta));
  return bound_of(lower, gaussian_epsilon(mu.upper, delta).upper, total, ledger.neighbours());
}

Bound GdpAccountant::find_delta(const Ledger& ledger, double epsilon) const {
  const GaussianTotal total = gaussian_total(ledger);
  const Interval mu = mu_of(total.mu_squared);
  return bound_of(gaussian_delta(mu.lower, epsilon).lower, gaussian_delta(mu.upper, epsilon).upper, total,
                  ledger.neighbours());
}

}  // namespace dpml::closed_forms
