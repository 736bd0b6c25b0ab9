#pragma once

#include <cstddef>

namespace dpml {

/// Which parameters share a norm, and with it a weight and a bound; a closed set.
enum class ClipGroups {
  all_parameters  ///< one group
};

/// By what a gradient of length n is multiplied, where c is the bound of its group; a closed set.
enum class ClipWeight {
  shorten  ///< min(1, c / n)
};

/// How long a group's gradient may be; a closed set.
enum class ClipBound {
  fixed  ///< the same in every step
};

/// Group x weight x bound.
struct Clipping {
  ClipGroups groups;
  ClipWeight weight;
  ClipBound bound;
  double length;  ///< of the bound, from 1e-30 to 1e30; infinity for no clipping
};

/// Shortens the gradient of one sample.
///
/// c is the clip bound C less what rounding may add: in exact arithmetic one sample moves a sum of gradients of length
/// c by c; as computed, by at most c (1 + kRoundingSlack) = C, whatever the other samples are and how many
/// (docs/rounding.md). So the events of releases, which know C only, stay as they are.
class ClipRule {
 public:
  /// A public constant, the same for every model, batch and number of rows.
  static constexpr double kRoundingSlack = 0x1p-9;
  /// Beyond these a float32 gradient scaled to the bound would overflow, or lose its digits and with them the bound.
  static constexpr double kSmallestBound = 1e-30;
  static constexpr double kLargestBound = 1e30;

  /// Throws ConfigError when the length is none.
  explicit ClipRule(const Clipping& clipping);
  /// Flat clipping, the one of Abadi et al. 2016: all parameters together, min(1, c / n), a fixed bound.
  static ClipRule flat(double clip_bound);

  std::size_t groups() const;
  /// Of the parameter that is number `parameter` of those that are trained.
  std::size_t group_of(std::size_t parameter) const;

  /// C: by how much one sample moves the sum of all groups, in L2 norm, at most.
  double sensitivity() const;
  /// Without a bound every weight is 1 and nobody needs to know the norms.
  bool needs_norms() const;

  /// The factor w for a group's gradient whose squared length is at most squared_norm: w sqrt(squared_norm) <= c in
  /// exact arithmetic, w <= 1, and 0 when the norm is not finite.
  float weight(double squared_norm) const;

 private:
  Clipping clipping_;
  double longest_;  // c
};

}  // namespace dpml
