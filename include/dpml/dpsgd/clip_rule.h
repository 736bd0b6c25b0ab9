#pragma once

namespace dpml {

/// Flat clipping: all parameters share one norm, and a sample's gradient of length n is multiplied by min(1, C / n).
class ClipRule {
 public:
  /// Beyond these a float32 gradient scaled to the bound would overflow, or lose its digits and with them the bound.
  static constexpr double kSmallestBound = 1e-30;
  static constexpr double kLargestBound = 1e30;

  /// clip_bound C from 1e-30 to 1e30, infinity for no clipping. Throws ConfigError otherwise.
  explicit ClipRule(double clip_bound);

  double clip_bound() const { return clip_bound_; }
  /// Without a bound every weight is 1 and nobody needs to know the norms.
  bool needs_norms() const;

  /// The factor c for a gradient whose squared length is at most squared_norm: c * sqrt(squared_norm) <= C in exact
  /// arithmetic, c <= 1, and 0 when the norm is not finite.
  float weight(double squared_norm) const;

 private:
  double clip_bound_;
};

}  // namespace dpml
