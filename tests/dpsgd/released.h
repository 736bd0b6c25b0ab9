#pragma once

// A clipped sum and a noisy gradient are closed; tests open them through a mechanism whose noise is 0.

#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "dpml/dpsgd/clipped_sum.h"
#include "dpml/dpsgd/mechanism.h"

namespace dpml {

/// For sums that a mechanism without noise releases.
inline SumMemory noiseless_memory(double clip_bound, std::span<Parameter* const> parameters, int lanes = 1) {
  return SumMemory(GaussianMechanism(Sampler::full_batch(), 0, clip_bound, 1), ClipRule::flat(clip_bound), parameters,
                   lanes);
}

/// What the sum holds, divided by `divisor`.
inline NoisyGradient released(ClippedSum sum, double divisor = 1) {
  Ledger ledger(Neighbours::add_or_remove_one);
  const Mechanism mechanism = GaussianMechanism(Sampler::full_batch(), 0, sum.sensitivity(), divisor);
  return release(mechanism, std::move(sum), ledger, Key::from_seed(1));
}

/// A noisy gradient that consists of exactly these tensors, one for each of the (trainable) parameters.
inline NoisyGradient gradient_of(std::span<Parameter* const> parameters, const std::vector<Tensor>& tensors) {
  ClippedSum sum = noiseless_memory(std::numeric_limits<double>::infinity(), parameters).begin();
  std::vector<PerSampleGrad> gradients;
  for (const Tensor& tensor : tensors) {
    gradients.push_back(PerSampleGrad::dense(tensor.reshaped(tensor.shape().with_front(1))));
  }
  sum.add(0, std::move(gradients));
  return released(std::move(sum));
}

}  // namespace dpml
