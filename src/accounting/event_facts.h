#pragma once

#include <functional>
#include <optional>
#include <variant>

#include "dpml/accounting/event.h"

namespace dpml::events {

// What is true of an event, whoever asks: each fact is told here, once, and read by all accountants.

/// Every kind of event is of exactly one of these sorts. A kind that stands in none of them does not compile.
using Mechanisms = std::variant<Gaussian, Laplace, DiscreteGaussian, DiscreteLaplace, RandomizedResponse,
                                MixtureOfGaussians, TreeAggregation, NonPrivate>;
/// What holds under the ledger's neighbours, whatever they are.
using Claims = std::variant<ExponentialMechanism, EpsilonDelta, ZeroConcentrated>;
using Samplings =
    std::variant<PoissonSampled, SampledWithoutReplacement, TruncatedPoissonSampled, Shuffled, BallsAndBins>;
using Selections = std::variant<RepeatAndSelect>;
using Compositions = std::variant<Composed, SelfComposed>;

template <class Kind>
concept IsMechanism = kIsOneOf<Kind, Mechanisms>;
template <class Kind>
concept IsClaim = kIsOneOf<Kind, Claims>;
template <class Kind>
concept IsSampling = kIsOneOf<Kind, Samplings>;
template <class Kind>
concept IsSelection = kIsOneOf<Kind, Selections>;
template <class Kind>
concept IsComposition = kIsOneOf<Kind, Compositions>;

/// Calls visit with every event that lies directly inside of this one.
void for_each_inner(const Event& event, const std::function<void(const Event&)>& visit);

bool is_claim(const Event& event);

/// Is the event a claim, or is there one inside it?
bool holds_claim(const Event& event);

/// Has the neighbour another unit in the place of one, so that what is compared are two contributions?
bool replaces_a_unit(Neighbours neighbours);
/// Has the neighbour one unit more or less, so that no size is public?
bool changes_the_size(Neighbours neighbours);

/// What a unit's contribution moves by, in clip bounds: 2 where it is replaced, else 1.
double contribution_distance(Neighbours neighbours);

/// How many nodes of the tallest tree hold one leaf's contribution.
int tree_depth(const TreeAggregation& tree);

/// Sampling with one rate, then with another one, is sampling with their product, which is rounded up where neither
/// is 1.
double product_of_rates(double one, double other);

/// What several Gaussians on the same batch are worth: one Gaussian.
struct OneGaussian {
  double noise_multiplier;  ///< of a plain Gaussian its own, of a composition (sum of noise^-2)^(-1/2), rounded down
  double square;            ///< sum of noise^-2, rounded up; +infinity where it is no double
};
/// Of a Gaussian and of compositions of nothing else; nothing for any other event.
std::optional<OneGaussian> as_one_gaussian(const Event& event);

}  // namespace dpml::events
