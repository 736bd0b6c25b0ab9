#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dpml/accounting/ledger.h"

namespace dpml::events {

// Events with other numbers that are known to cost no less, or no more, whatever is asked of them: of every kind that
// has a noise, but the discrete Gaussian, a smaller one costs more; so do a larger Poisson sampling rate, epsilon,
// delta, rho, sensitivity of a component and number of categories, and fewer bins. All other numbers stay as they are.
enum class Cost { more, less };

/// A mixture of at most `most` components that costs no less: neighbouring ones become the largest of them. (More of
/// a sensitivity shifts the mixture to one side, which every threshold test tells better.)
MixtureOfGaussians with_few_components(const MixtureOfGaussians& mixture, std::size_t most);

/// An event that costs no less, with numbers of which squares and products can be computed: noise at most 1e100 and
/// rates and epsilons at least 1e-100 (0 stays 0), deltas as they are. Nothing where the event has such numbers.
std::optional<Event> tamed(const Event& event);

/// Events that have equal keys are equal.
std::string key_of(const Event& event);

/// How many different events there are, compositions taken apart, and how long their Renyi curves take, in usual ones.
struct Kinds {
  std::size_t different = 0;
  double work_of_curves = 0;
};
/// Throws what for_each_leaf throws.
Kinds count_kinds(const Ledger& ledger);

/// A ledger of about `most` different events, or fewer. Events that differ in their numbers only are taken together
/// where those are close: every number becomes the one of its group that costs most, or least.
Ledger rounded(const Ledger& ledger, std::size_t most, Cost cost);

}  // namespace dpml::events
