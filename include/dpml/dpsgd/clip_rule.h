#pragma once

namespace dpml {

/// Flat clipping: all parameters share one norm, and a sample's gradient of length n is multiplied by min(1, c / n).
///
/// c is the clip bound C less what rounding may add: in exact arithmetic one sample moves a sum of gradients of length
/// c by c; as computed, by at most c (1 + kRoundingSlack) = C, whatever the other samples are and how many
/// (docs/rounding.md). So the events of releases, which know C only, stay as they are.
class ClipRule {
 public:
  /// A public constant, the same for every model, batch and number of rows.
  static constexpr double kRoundingSlack = 0x1p-9;

  /// clip_bound C > 0, infinity for no clipping. Throws ConfigError otherwise.
  explicit ClipRule(double clip_bound);

  double clip_bound() const { return clip_bound_; }
  /// Without a bound every weight is 1 and nobody needs to know the norms.
  bool needs_norms() const;

  /// The factor w for a gradient whose squared length is at most squared_norm: w sqrt(squared_norm) <= c in exact
  /// arithmetic, w <= 1, and 0 when the norm is not finite.
  float weight(double squared_norm) const;

 private:
  double clip_bound_;
  double longest_;  // c
};

}  // namespace dpml
