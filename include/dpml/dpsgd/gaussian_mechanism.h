#pragma once

#include <vector>

#include "dpml/accounting/ledger.h"
#include "dpml/dpsgd/communicator.h"
#include "dpml/dpsgd/sampler.h"
#include "dpml/random/key.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

class ClippedSum;

/// A noisy mean gradient, one tensor for each trainable parameter. It has been paid for, so anything may be computed
/// from it. Only a mechanism makes one.
class NoisyGradient {
 public:
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  friend class GaussianMechanism;
  NoisyGradient() = default;
  std::vector<Tensor> tensors_;
};

/// Sum of clipped gradients + Gaussian noise of stddev noise_multiplier * clip_bound in every coordinate, divided by a
/// public number (Abadi et al. 2016, algorithm 1).
class GaussianMechanism {
 public:
  /// `sampler` is the one that draws the batches whose sums come here: it states the event of every release. clip_bound
  /// is the sensitivity of the sums. Throws ConfigError when noise_multiplier is negative or not finite, when
  /// expected_batch_size is not positive, or when there is noise but the clip bound is infinite.
  GaussianMechanism(const Sampler& sampler, double noise_multiplier, double clip_bound, double expected_batch_size);

  const Event& event() const { return event_; }
  double noise_stddev() const { return noise_stddev_; }
  double clip_bound() const { return clip_bound_; }

  /// dpml::release (dpml/dpsgd/mechanism.h).
  NoisyGradient release(ClippedSum&& sum, Ledger& ledger, const Key& key, const Communicator& communicator,
                        int threads) const;

 private:
  Event event_;
  double noise_stddev_;
  double clip_bound_;
  double expected_batch_size_;
};

}  // namespace dpml
