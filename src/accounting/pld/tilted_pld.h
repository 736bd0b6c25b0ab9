#pragma once

#include <cstdint>
#include <vector>

#include "discrete_pld.h"

namespace dpml::pld {

/// A lattice loss under the measure exp(tilt * loss) P, normalised; +infinity is left out.
struct TiltedPld {
  TiltedPld(const DiscretePld& of, double tilt);

  double cumulant;              ///< log of the sum before normalising
  double mean = 0;              ///< of the loss
  double variance = 0;          ///< of the loss
  double largest_loss = 0;      ///< in absolute value
  double largest_log_mass = 0;  ///< likewise, before tilting
  double centre_loss;  ///< of the node from which `places` count: one with most of the weight, else near the mean
  std::vector<double> weights;  ///< sum to 1
  std::vector<std::int64_t> places;
  double step;

  /// log E[exp(more * (loss - mean))], good to 1e-9.
  double centred_cumulant(double more) const;
};

/// A kind of release on the lattice, and how often it happens. Masses may sum to less than 1: then all of this
/// is about the event that no release gives anything else.
struct CountedPld {
  DiscretePld lattice;
  double count;
};

/// Mean of the sum of all of them after tilting.
double tilted_mean(const std::vector<CountedPld>& parts, double tilt);

/// A kind of release of a composition, on one side.
struct CountedTiltedPld {
  TiltedPld lattice;
  double count;
};

/// Of a kind: the bounds of rounding of a sum are of first order in a few 1e-14 for each.
inline constexpr double kMostComposedReleases = 1e11;

/// Both ends that a window leaves out, with the rounding of Chernoff's bound for up to kMostComposedReleases.
inline constexpr double kBothEnds = 2.1;

/// Where the sum of all releases is, but for exp(log_outside) of its mass at either end, by Chernoff's bound.
struct Spread {
  double from;
  double to;
};
Spread spread_of(const std::vector<CountedTiltedPld>& phases, double log_outside);

}  // namespace dpml::pld
