#pragma once

#include <map>
#include <optional>
#include <span>

#include "networks/golden_network.h"

namespace dpml {

std::span<const float> row_of(const Tensor& x, Index row);
double length_of(std::span<const double> values);

/// What a physical batch computes, before anything is clipped.
struct Pass {
  Tensor predictions;
  Tensor losses;
  std::map<std::string, PerSampleGrad> gradients;  ///< by the name of the weight, in the form that layers send

  Index size() const { return losses.axis(0); }
  /// The gradients in the form that clipping uses.
  std::map<std::string, PerSampleGrad> smaller() const;
};

/// Samples [first, first + count) forward and backward.
Pass run_pass(Layer& model, const GoldenNetwork& golden, Index first, Index count);

/// Of each sample, over all weights together, as clipping adds them up.
std::vector<double> norms_of(const std::map<std::string, PerSampleGrad>& gradients, Index samples);
/// What one sample adds to the sum of each weight when its weight is `weight`, one after the other.
std::vector<float> added_by(const std::map<std::string, PerSampleGrad>& gradients, Index sample, Index samples,
                            float weight);

}  // namespace dpml
