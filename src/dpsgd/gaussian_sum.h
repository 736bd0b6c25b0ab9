#pragma once

#include <span>
#include <utility>
#include <vector>

#include "dpml/autograd/per_sample_grad.h"

namespace dpml {

/// The numbers that groups are rounded to before they are added up: multiples of a power of two, so coarse that sums in
/// double are exact and so fine that rounding to them moves a group by nothing that counts. Without a clip bound there
/// is no grid, and nothing is rounded.
class Grid {
 public:
  Grid() = default;
  /// For `parameters` numbers in all. Steps of at most C 2^-12 / (1.5 sqrt(parameters)), so that rounding three groups
  /// moves them by at most 2^-12 C together, and of at most C 2^-26, about what float32 tells apart at C.
  Grid(double clip_bound, std::size_t parameters);

  /// Round to nearest: exact for |x| < 2^51 steps.
  double rounded(double x) const { return (x + shift_) - shift_; }
  /// Sums of so many clipped samples are exact.
  double most_samples() const { return most_samples_; }

 private:
  double shift_ = 0;  // 1.5 * 2^52 steps: adding it leaves no room for digits below a step
  double most_samples_ = 0x1p52;
};

/// A gradient of the trainable parameter at a place.
struct PlacedGradient {
  std::size_t place;
  PerSampleGrad gradient;
};

/// The sum that GaussianMechanism releases: every lane adds up the clipped gradients of its open group in float, and
/// the groups before it exactly.
class GaussianSum {
 public:
  /// offsets: where the numbers of each trainable parameter begin, and where the last ones end.
  GaussianSum(double clip_bound, std::vector<std::size_t> offsets, int lanes);

  int lanes() const { return static_cast<int>(lanes_.size()); }
  const std::vector<std::size_t>& offsets() const { return offsets_; }
  double most_samples() const { return grid_.most_samples(); }
  double samples() const;

  void begin_group(int lane);
  /// Refuses more samples in the open group than its rounding is bounded for.
  void require_room(int lane, Index samples) const;
  /// Adds `samples` of them, whose gradients of the parameter at a place weigh weights_at(place); a parameter without a
  /// gradient here adds 0.
  template <class Weights>
  void add(int lane, Index samples, std::span<const PlacedGradient> gradients, Weights&& weights_at) {
    Lane& into = begin_adding(lane, samples);
    for (const PlacedGradient& it : gradients) add_one(into, it, weights_at(it.place));
    fill_rest(into);
  }
  /// Adds all lanes' numbers from `from` on to `total`.
  void add_lanes(std::size_t from, std::span<double> total) const;
  void clear();

 private:
  struct Lane {
    std::vector<float> group;   // all parameters, one after the other; means something while has_group
    std::vector<double> total;  // while has_total
    Index group_samples = 0;
    double samples = 0;
    bool has_group = false;
    bool has_total = false;
    std::vector<bool> is_begun;  // which parameters of the open group hold a sum, and not what was there before
  };
  Lane& begin_adding(int lane, Index samples);
  void add_one(Lane& lane, const PlacedGradient& it, std::span<const float> weights) const;
  void fill_rest(Lane& lane) const;

  Grid grid_;
  std::vector<std::size_t> offsets_;
  std::vector<Lane> lanes_;
};

}  // namespace dpml
