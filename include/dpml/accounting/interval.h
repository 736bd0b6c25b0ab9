#pragma once

namespace dpml {

/// Where a number lies for certain: rounding, and what a sum left out, are counted in. lower <= truth <= upper.
struct Interval {
  double lower;
  double upper;
};

}  // namespace dpml
