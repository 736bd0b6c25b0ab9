#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"

namespace dpml::events {

/// An event that is no composition, and how often it happens.
struct Leaf {
  const Event& event;
  double count;           ///< exact to 2^53, then rounded up by 3e-16 or less at each product
  Neighbours neighbours;  ///< under which it is to be charged: the ledger's, but for some of what is shuffled
  bool is_shuffled;       ///< each unit is in one batch of an epoch, nobody knows which, and the event is that batch's
};

/// Takes compositions apart, multiplies counts into one another, and looks through samplings that leave nobody out:
/// PoissonSampled with rate 1, SampledWithoutReplacement of all units, one BallsAndBins bin. Of a Shuffled epoch the
/// inner event is given once: without amplification it is all that a unit takes part in. Under add_or_remove_one a new
/// unit takes the place of another, which then makes one more batch larger, so the inner event is given twice: for one
/// unit replaced, and for one unit more. Renyi curves are composed by ComposedCurve, which comes here for shuffled
/// epochs alone.
void for_each_leaf(const Ledger& ledger, const std::function<void(const Leaf&)>& visit);

/// The sentences that go with a bound for a ledger with shuffled leaves.
std::vector<std::string> shuffling_notes(Neighbours neighbours);

}  // namespace dpml::events
