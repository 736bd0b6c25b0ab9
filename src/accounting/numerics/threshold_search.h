#pragma once

#include <functional>
#include <optional>

namespace dpml::numerics {

/// A condition on positive numbers that holds on one side of a threshold and fails on the other.
struct ThresholdSearch {
  /// Falls towards the side that holds; <= 0 exactly where the condition holds; smooth in the logarithm of its argument
  /// or infinite. It may be expensive.
  std::function<double(double)> excess;
  bool holds_above;  ///< the condition holds for large numbers
  double least;      ///< where to look, > 0
  double most;
  double precision;      ///< relative; or absolute, namely 1, for whole numbers
  bool is_whole;         ///< numbers tried are whole; least and most are, too
  double start;          ///< where to begin, between least and most
  double slope;          ///< guess of |d excess / d log(number)| there, > 0
  bool is_near = false;  ///< start and slope come from a search that was nearly as precise
};

struct Threshold {
  std::optional<double> holds;  ///< the number nearest to the threshold that was seen to hold; none in the range
  double slope;                 ///< |d excess / d log(number)| where the search ended, or what it began with
};

/// A number near the threshold, on either side of it.
struct NearThreshold {
  std::optional<double> number;  ///< where the secant through the last two numbers meets 0; none in the range
  double slope;                  ///< as above
};

/// Searches by secants in the logarithm, until two numbers no further apart than the precision have been tried of which
/// one holds and one fails, or the range holds altogether. Falls back to halving where secants do not help.
Threshold find_threshold(const ThresholdSearch& search);

/// The same, until a number has been tried where |excess| <= `enough`, or find_threshold() would end: which side of it
/// holds is not looked for.
NearThreshold come_near(const ThresholdSearch& search, double enough);

}  // namespace dpml::numerics
