#pragma once

#include <functional>

namespace dpml::numerics {

struct Minimum {
  double place;
  double value;
};

/// The smallest value of a quasi-convex function (first falling, then rising) of a positive number, searched on a
/// logarithmic scale between 1e-15 and 1e15: doubling or halving from 1 until the function rises again, then
/// parabolas and golden sections until the place is known to 1e-6 relative. `value` has been computed at `place`,
/// whatever the function is.
Minimum minimise_positive(const std::function<double(double)>& function);

}  // namespace dpml::numerics
