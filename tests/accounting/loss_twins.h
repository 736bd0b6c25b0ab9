#pragma once

// What a list of masses and losses says about delta, in long double and from the definition.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "pld/discrete_pld.h"
#include "pld/dominating_pair.h"

namespace dpml::pld {

/// P of some outcomes, whose log(P / Q) is `loss`.
struct TwinLoss {
  long double mass;
  long double loss;
};

struct TwinLosses {
  std::vector<TwinLoss> finite;
  long double infinite = 0;  ///< P of what Q never gives

  long double p() const {
    long double sum = infinite;
    for (const TwinLoss& one : finite) sum += one.mass;
    return sum;
  }
  long double q() const {
    long double sum = 0;
    for (const TwinLoss& one : finite) sum += one.mass * std::exp(-one.loss);
    return sum;
  }
  /// Hockey-stick divergence: delta at epsilon.
  long double delta(long double epsilon) const {
    long double sum = infinite;
    for (const TwinLoss& one : finite) {
      if (one.loss > epsilon) sum += one.mass * -std::expm1(epsilon - one.loss);
    }
    return sum;
  }
  /// What moving every loss by `error` can do to delta at epsilon, before it is spread by up to `reach`.
  long double slack(long double epsilon, long double error, long double reach = 0) const {
    long double sum = 0;
    for (const TwinLoss& one : finite) {
      if (one.loss > epsilon - error - reach) sum += one.mass * std::exp(std::min(0.0L, epsilon - one.loss)) * error;
    }
    return sum * 1.01L;
  }
  long double largest_loss() const {
    long double largest = 0;
    for (const TwinLoss& one : finite) largest = std::max(largest, std::fabs(one.loss));
    return largest;
  }
};

inline long double relative_difference(long double ours, long double exact) {
  return std::fabs(ours / exact - 1);
}

inline TwinLosses losses_of(const DiscretePld& lattice) {
  TwinLosses made{{}, lattice.infinite};
  for (const DiscretePld::Node& node : lattice.nodes) {
    made.finite.push_back(
        {node.mass, lattice.offset + static_cast<long double>(lattice.step) * static_cast<long double>(node.index)});
  }
  return made;
}

/// Every cell at its loss; what was cut is not in it.
inline TwinLosses losses_of(const LossCells& cells) {
  TwinLosses made{{}, cells.infinite};
  for (const LossCell& cell : cells.cells) made.finite.push_back({cell.mass, cell.loss});
  return made;
}

}  // namespace dpml::pld
