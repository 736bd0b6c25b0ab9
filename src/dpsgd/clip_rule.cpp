#include "dpml/dpsgd/clip_rule.h"

#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

ClipRule::ClipRule(double clip_bound)
    : clip_bound_(clip_bound), longest_(std::nextafter(clip_bound / (1 + kRoundingSlack), 0.0)) {
  const bool is_length = clip_bound >= kSmallestBound && clip_bound <= kLargestBound;
  if (is_length || clip_bound == std::numeric_limits<double>::infinity()) return;
  throw ConfigError(
      "clip bound is " + to_text(clip_bound) +
      ", expected a length from 1e-30 to 1e30, where float32 gradients can be scaled to it, or inf for no "
      "clipping");
}

bool ClipRule::needs_norms() const {
  return !std::isinf(clip_bound_);
}

float ClipRule::weight(double squared_norm) const {
  if (!std::isfinite(squared_norm)) return 0;
  // A factor of 1 + e moves a positive number by at least one place of its last digit; std::nextafter is a slow call.
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const double norm = std::sqrt(squared_norm) * (1 + kEpsilon);
  if (norm <= longest_) return 1;
  // Rounded towards 0 twice over: once for the quotient in double, once for the conversion to float.
  const double quotient = longest_ / norm * (1 - kEpsilon);
  const auto weight = static_cast<float>(quotient);
  return weight <= quotient ? weight : std::nextafter(weight, 0.0F);
}

}  // namespace dpml
