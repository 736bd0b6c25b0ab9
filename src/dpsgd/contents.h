#pragma once

#include <vector>

#include "dpml/dpsgd/clipped_sum.h"

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

/// What one lane has gathered: the clipped gradients of the open group summed in float, and the groups before it
/// exactly.
struct ClippedSum::Lane {
  std::vector<float> group;   // all parameters, one after the other; means something while has_group
  std::vector<double> total;  // while has_total
  Index group_samples = 0;
  double samples = 0;
  bool has_group = false;
  bool has_total = false;
  // Reused from batch to batch.
  std::vector<std::pair<std::size_t, PerSampleGrad>> gradients;
  std::vector<double> squared_norms;
  std::vector<float> weights;
};

struct ClippedSum::Contents {
  ClipRule rule;
  Grid grid;
  std::vector<const Parameter*> parameters;
  std::vector<std::size_t> offsets;  // of each parameter in a lane; one more place for the end
  std::vector<Lane> lanes;
};

}  // namespace dpml
