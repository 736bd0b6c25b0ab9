#pragma once

#include <memory>

#include "dominating_pair.h"

namespace dpml::pld {

/// What one release stands for, as pairs of distributions.
struct PairOfEvent {
  std::shared_ptr<const DominatingPair> remove;  ///< P is the dataset with the unit
  std::shared_ptr<const DominatingPair> add;     ///< Q is; the same as `remove` where the pair is symmetric

  /// Dominated by some mechanism with this event: the pair itself where it is exact, nullptr where nothing is known
  /// from below.
  std::shared_ptr<const DominatingPair> remove_below = nullptr;
  std::shared_ptr<const DominatingPair> add_below = nullptr;
};

}  // namespace dpml::pld
