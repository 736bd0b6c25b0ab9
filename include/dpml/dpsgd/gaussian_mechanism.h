#pragma once

#include <vector>

#include "dpml/accounting/ledger.h"
#include "dpml/dpsgd/clipped_sum.h"
#include "dpml/dpsgd/sampler.h"

namespace dpml {

/// A noisy mean gradient, one tensor for each trainable parameter. It has been paid for, so anything may be computed
/// from it. Only GaussianMechanism makes one.
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
  /// `sampler` is the one that draws the batches whose sums come here: it states the event of every release.
  /// Throws ConfigError when noise_multiplier is negative or not finite, when expected_batch_size is not positive, or
  /// when there is noise but the clip bound is infinite.
  GaussianMechanism(const Sampler& sampler, double noise_multiplier, double clip_bound, double expected_batch_size);

  const Event& event() const { return event_; }
  double noise_stddev() const { return noise_stddev_; }

  /// Consumes the sum, which is empty afterwards. The ledger is written first, so a crash in between over-counts; the
  /// noise is then drawn once, from (key, noise, number of the release in the ledger). With `threads` threads; the bits
  /// do not depend on their number. Throws PrivacyError when the sum was clipped with another bound, and what the
  /// ledger's journal throws, in which case nothing is released.
  NoisyGradient release(ClippedSum& sum, Ledger& ledger, const Key& key, int threads = 1) const;

 private:
  Event event_;
  double noise_stddev_;
  double clip_bound_;
  double expected_batch_size_;
};

}  // namespace dpml
