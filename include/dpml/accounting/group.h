#pragma once

#include <cstdint>

#include "dpml/accounting/accountant.h"

namespace dpml {

// From one unit to groups of up to `size` units. A user who has at most k rows is a group of k: what holds for rows
// holds for users after one of these. size >= 1, else ConfigError.

/// What an (epsilon, delta) claim implies for a group, whatever the mechanism: (k epsilon,
/// delta (exp(k epsilon) - 1) / (exp(epsilon) - 1)), rounded up (Vadhan 2017, Lemma 2.2). Loose: event_for_group is
/// tighter wherever it knows the event. Epsilon becomes +infinity, and delta stays, where the new delta is 1 or more.
Guarantee guarantee_for_group(const Guarantee& guarantee, std::uint64_t size);

/// What the event is to a group, in events again, so that any accountant can be asked:
///   Gaussian, Laplace, TreeAggregation       noise multiplier / k
///   DiscreteGaussian, DiscreteLaplace        sensitivity * k
///   PoissonSampled Gaussian                  MixtureOfGaussians of Binomial(k, q) lengths (Ganesh 2024), not under
///                                            replace_one
///   RandomizedResponse                       k of them
///   ExponentialMechanism, EpsilonDelta       epsilon * k, delta as in guarantee_for_group
///   ZeroConcentrated with xi = 0             rho * k^2 (Bun and Steinke 2016, Proposition 1.9)
///   Composed, SelfComposed                   part by part
/// Others are refused by name with UnsupportedEvent; size above 10,000 of a PoissonSampled one with ConfigError.
Event event_for_group(const Event& event, Neighbours neighbours, std::uint64_t size);

/// Every entry by event_for_group.
Ledger ledger_for_group(const Ledger& ledger, std::uint64_t size);

/// What the accountant says of the ledger for groups: event by event where that is known, else by the general
/// conversion of claims about one unit; a note says which. Size 1 is the accountant's own answer. Lower ends hold for
/// the worst of the groups of up to `size`: where a claim is in the ledger, or claims are converted, those of one unit.
Guarantee guarantee_for_group(const Accountant& accountant, const Ledger& ledger, double delta, std::uint64_t size);
Bound delta_bound_for_group(const Accountant& accountant, const Ledger& ledger, double epsilon, std::uint64_t size);

}  // namespace dpml
