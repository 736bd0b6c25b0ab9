#include "dpml/dpsgd/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "dpml/accounting/schedule.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/random/stream.h"

namespace dpml {

namespace {

/// A uniform 64-bit word lets a row join when it is below this; absent when every row joins.
std::optional<std::uint64_t> threshold_of(SamplerKind kind, double sampling_rate) {
  switch (kind) {
    case SamplerKind::full_batch:
      return std::nullopt;
    case SamplerKind::poisson:
      if (sampling_rate == 1) return std::nullopt;
      return static_cast<std::uint64_t>(std::ldexp(sampling_rate, 64));
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

}  // namespace

Sampler Sampler::poisson(double sampling_rate) {
  if (!(sampling_rate > 0 && sampling_rate <= 1)) {
    throw ConfigError("sampling rate is " + to_text(sampling_rate) + ", expected a probability in (0, 1]");
  }
  return Sampler(SamplerKind::poisson, sampling_rate);
}

Sampler Sampler::full_batch() {
  return Sampler(SamplerKind::full_batch, 1);
}

void Sampler::draw(const Key& key, std::uint64_t step, Index rows, std::vector<DrawnRow>& batch) const {
  batch.clear();
  // A uniform 64-bit word is below floor(q 2^64) with probability at most q, and exactly q for q a multiple of 2^-64.
  // Its lower half is the coin: given that the row joins, nothing else depends on it.
  const std::optional<std::uint64_t> threshold = threshold_of(kind_, sampling_rate_);
  Stream stream(key, Purpose::sampling, step, 0);
  std::array<std::uint64_t, 1024> words;
  for (Index first = 0; first < rows; first += std::ssize(words)) {
    const Index count = std::min<Index>(std::ssize(words), rows - first);
    stream.fill({words.data(), static_cast<std::size_t>(count)});
    for (Index i = 0; i < count; ++i) {
      const std::uint64_t word = words[static_cast<std::size_t>(i)];
      if (!threshold || word < *threshold) batch.push_back({first + i, static_cast<std::uint32_t>(word)});
    }
  }
}

Event Sampler::event(double noise_multiplier) const {
  // Of a training without noise nothing may be claimed, and its ledger says so in plain words.
  if (noise_multiplier == 0) return NonPrivate{};
  switch (kind_) {
    case SamplerKind::poisson:
      return event_of({.sampling = Sampling::poisson, .sampling_rate = sampling_rate_}, noise_multiplier);
    case SamplerKind::full_batch:
      return event_of({.sampling = Sampling::full_batch}, noise_multiplier);
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

}  // namespace dpml
