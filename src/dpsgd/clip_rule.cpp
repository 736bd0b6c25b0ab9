#include "dpml/dpsgd/clip_rule.h"

#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

ClipRule::ClipRule(const Clipping& clipping)
    : clipping_(clipping), longest_(std::nextafter(clipping.length / (1 + kRoundingSlack), 0.0)) {
  const double length = clipping.length;
  const bool is_length = length >= kSmallestBound && length <= kLargestBound;
  if (is_length || length == std::numeric_limits<double>::infinity()) return;
  throw ConfigError(
      "clip bound is " + to_text(length) +
      ", expected a length from 1e-30 to 1e30, where float32 gradients can be scaled to it, or inf for no "
      "clipping");
}

ClipRule ClipRule::flat(double clip_bound) {
  return ClipRule({ClipGroups::all_parameters, ClipWeight::shorten, ClipBound::fixed, clip_bound});
}

std::size_t ClipRule::groups() const {
  switch (clipping_.groups) {
    case ClipGroups::all_parameters:
      return 1;
  }
  throw InternalError("clip groups that are none of the known ones");
}

std::size_t ClipRule::group_of(std::size_t) const {
  switch (clipping_.groups) {
    case ClipGroups::all_parameters:
      return 0;
  }
  throw InternalError("clip groups that are none of the known ones");
}

bool ClipRule::needs_norms() const {
  return !std::isinf(clipping_.length);
}

double ClipRule::sensitivity() const {
  switch (clipping_.bound) {
    case ClipBound::fixed:
      return clipping_.length;
  }
  throw InternalError("a clip bound that is none of the known ones");
}

float ClipRule::weight(double squared_norm) const {
  if (!std::isfinite(squared_norm)) return 0;
  // A factor of 1 + e moves a positive number by at least one place of its last digit; std::nextafter is a slow call.
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const double norm = std::sqrt(squared_norm) * (1 + kEpsilon);
  switch (clipping_.weight) {
    case ClipWeight::shorten: {
      if (norm <= longest_) return 1;
      // Rounded towards 0 twice over: once for the quotient in double, once for the conversion to float.
      const double quotient = longest_ / norm * (1 - kEpsilon);
      const auto weight = static_cast<float>(quotient);
      return weight <= quotient ? weight : std::nextafter(weight, 0.0F);
    }
  }
  throw InternalError("a clip weight that is none of the known ones");
}

}  // namespace dpml
