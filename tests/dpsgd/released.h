#pragma once

// A clipped sum and a noisy gradient are closed; tests open them through a mechanism whose noise is 0.

#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "dpml/dpsgd/clipped_sum.h"
#include "dpml/dpsgd/gaussian_mechanism.h"

namespace dpml {

/// What the sum holds, divided by `divisor`; it is empty afterwards.
inline NoisyGradient released(ClippedSum& sum, double divisor = 1) {
  Ledger ledger(Neighbours::add_or_remove_one);
  const GaussianMechanism mechanism(Sampler::full_batch(), 0, sum.clip_bound(), divisor);
  return mechanism.release(sum, ledger, Key::from_seed(1));
}

/// A noisy gradient that consists of exactly these tensors, one for each of the (trainable) parameters.
inline NoisyGradient gradient_of(std::span<Parameter* const> parameters, const std::vector<Tensor>& tensors) {
  ClippedSum sum(ClipRule(std::numeric_limits<double>::infinity()), parameters, 1);
  std::vector<PerSampleGrad> gradients;
  for (const Tensor& tensor : tensors) {
    gradients.push_back(PerSampleGrad::dense(tensor.reshaped(tensor.shape().with_front(1))));
  }
  sum.add(0, std::move(gradients));
  return released(sum);
}

}  // namespace dpml
