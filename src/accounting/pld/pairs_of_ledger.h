#pragma once

#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "pair_of_event.h"

namespace dpml::pld {

/// A release, count times.
struct CountedPairs : PairOfEvent {
  double count;
};

/// How closely pairs follow what they stand for.
struct PairPrecision {
  double log_cut;     ///< of P over the whole ledger, what pairs may leave out that must be cut to be built
  double ratio_step;  ///< of the lattice for balls_and_bins (balls_and_bins_pair.h), where the work for it allows that
};

struct PairsOfLedger {
  std::vector<CountedPairs> phases;
  double ratio_step = 0;          ///< the one that was used, 0 where there was no need for one, and the finest one that
  double finest_ratio_step = 0;   ///< the work allows, about
  bool is_non_private = false;    ///< nothing can be certified
  bool tells_everything = false;  ///< and nothing holds, for certain: at every epsilon delta is 1
  bool is_one_gaussian = false;   ///< all releases are plain Gaussians
  std::vector<std::string> notes;  ///< Bound::notes
};

/// Pairs that dominate every release of the ledger. Equal events are one phase, wherever they stand, and all plain
/// Gaussians together are one Gaussian. Throws UnsupportedEvent naming the event that has no pair here.
PairsOfLedger pairs_of_ledger(const Ledger& ledger, const PairPrecision& precision);

}  // namespace dpml::pld
