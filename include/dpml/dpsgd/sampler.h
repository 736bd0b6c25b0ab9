#pragma once

#include <cstdint>
#include <vector>

#include "dpml/accounting/event.h"
#include "dpml/dpsgd/privacy_options.h"
#include "dpml/random/key.h"
#include "dpml/tensor/shape.h"

namespace dpml {

/// A row that joins a batch, with a coin that was tossed for it: a function of key, step and row alone, like the draw.
/// Coins of different rows are independent and equally distributed, so that one row more or less changes no other coin
/// in distribution. They decide which samples are added up together (SampleGroups).
struct DrawnRow {
  Index row = 0;
  std::uint32_t coin = 0;
};

/// Draws the batch of a step and states the event that accounts for the draw, so that the two agree.
class Sampler {
 public:
  /// Every one of the rows joins independently with probability sampling_rate in (0, 1] (rounded down to a multiple
  /// of 2^-64). Throws ConfigError outside that range.
  static Sampler poisson(double sampling_rate);
  static Sampler full_batch();

  SamplerKind kind() const { return kind_; }
  double sampling_rate() const { return sampling_rate_; }

  /// The joining rows of [0, rows), ascending; may be none. The realised number of them is private.
  void draw(const Key& key, std::uint64_t step, Index rows, std::vector<DrawnRow>& batch) const;

  /// What one release costs whose noise has stddev noise_multiplier * clip_bound; NonPrivate for 0.
  Event event(double noise_multiplier) const;

 private:
  Sampler(SamplerKind kind, double sampling_rate) : kind_(kind), sampling_rate_(sampling_rate) {}

  SamplerKind kind_;
  double sampling_rate_;
};

}  // namespace dpml
