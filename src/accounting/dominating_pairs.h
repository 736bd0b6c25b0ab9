#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "privacy_loss.h"

namespace dpml {

/// A release, count times, as pairs of distributions.
struct PairPhase {
  std::shared_ptr<const LossPair> remove;  ///< P is the dataset with the unit
  std::shared_ptr<const LossPair> add;     ///< Q is; the same as `remove` where the pair is symmetric
  double count;
  bool is_tight;  ///< a mechanism with this event and exactly this pair exists, so it says something from below, too
};

struct PairPhases {
  std::vector<PairPhase> phases;
  bool is_non_private = false;     ///< nothing can be certified
  std::vector<std::string> notes;  ///< Bound::notes
};

/// Pairs that dominate every release of the ledger. Equal events are one phase, wherever they stand, and all plain
/// Gaussians together are one Gaussian. Throws UnsupportedEvent naming the event that has no pair here.
PairPhases dominating_pairs(const Ledger& ledger);

}  // namespace dpml
