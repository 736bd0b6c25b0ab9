#include "dpml/dpsgd/clip_rule.h"

#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

ClipRule::ClipRule(double clip_bound)
    : clip_bound_(clip_bound), longest_(std::nextafter(clip_bound / (1 + kRoundingSlack), 0.0)) {
  if (!(clip_bound > 0)) {
    throw ConfigError("clip bound is " + to_text(clip_bound) + ", expected a length above 0 (inf for no clipping)");
  }
}

bool ClipRule::needs_norms() const {
  return !std::isinf(clip_bound_);
}

float ClipRule::weight(double squared_norm) const {
  if (!std::isfinite(squared_norm)) return 0;
  const double norm = std::nextafter(std::sqrt(squared_norm), std::numeric_limits<double>::infinity());
  if (norm <= longest_) return 1;
  // Rounded towards 0 twice over: once for the quotient in double, once for the conversion to float.
  const double quotient = std::nextafter(longest_ / norm, 0.0);
  const auto weight = static_cast<float>(quotient);
  return weight <= quotient ? weight : std::nextafter(weight, 0.0F);
}

}  // namespace dpml
