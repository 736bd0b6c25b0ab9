#include "dpml/dpsgd/gaussian_mechanism.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "contents.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/random/gaussian.h"

namespace dpml {

namespace {

/// What one thread works on at a time: part of one parameter. Small enough for the first-level cache.
constexpr Index kPiece = 1024;
static_assert(kPiece % kGaussianBlock == 0);

struct Piece {
  std::size_t parameter;
  Index begin;
  Index count;
};

std::vector<Piece> cut_into_pieces(const std::vector<std::size_t>& offsets) {
  std::vector<Piece> pieces;
  for (std::size_t p = 0; p + 1 < offsets.size(); ++p) {
    const auto size = static_cast<Index>(offsets[p + 1] - offsets[p]);
    for (Index begin = 0; begin < size; begin += kPiece) pieces.push_back({p, begin, std::min(kPiece, size - begin)});
  }
  return pieces;
}

}  // namespace

GaussianMechanism::GaussianMechanism(const Sampler& sampler, double noise_multiplier, double clip_bound,
                                     double expected_batch_size)
    : event_(sampler.event(noise_multiplier)),
      noise_stddev_(noise_multiplier == 0 ? 0 : noise_multiplier * clip_bound),
      clip_bound_(clip_bound),
      expected_batch_size_(expected_batch_size) {
  if (!(noise_multiplier >= 0) || std::isinf(noise_multiplier)) {
    throw ConfigError("noise multiplier is " + to_text(noise_multiplier) + ", expected a finite number, 0 or more");
  }
  if (!(expected_batch_size > 0) || std::isinf(expected_batch_size)) {
    throw ConfigError("expected batch size is " + to_text(expected_batch_size) + ", expected a finite number above 0");
  }
  if (noise_multiplier > 0 && std::isinf(clip_bound)) {
    throw ConfigError(
        "the clip bound is infinite, so no noise is enough; state a finite clip bound, or noise multiplier 0 for "
        "training without privacy");
  }
}

NoisyGradient GaussianMechanism::release(ClippedSum& sum, Ledger& ledger, const Key& key, int threads) const {
  ClippedSum::Contents& contents = *sum.contents_;
  if (contents.rule.clip_bound() != clip_bound_) {
    throw PrivacyError("the sum was clipped to " + to_text(contents.rule.clip_bound()) + " but the noise is made for " +
                       to_text(clip_bound_));
  }
  const std::uint64_t release = ledger.releases();
  ledger.append(event_);

  NoisyGradient noisy;
  for (const Parameter* parameter : contents.parameters) noisy.tensors_.emplace_back(parameter->shape());
  const std::vector<Piece> pieces = cut_into_pieces(contents.offsets);
  const double divisor = expected_batch_size_;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const auto count = static_cast<std::size_t>(piece.count);
    const std::size_t offset = contents.offsets[piece.parameter] + static_cast<std::size_t>(piece.begin);
    std::array<double, kPiece> noise;
    if (noise_stddev_ > 0) {
      fill_gaussian(key, Purpose::noise, release, piece.parameter, static_cast<std::uint64_t>(piece.begin),
                    {noise.data(), count});
      for (std::size_t j = 0; j < count; ++j) noise[j] *= noise_stddev_;
    } else {
      std::fill_n(noise.begin(), count, 0.0);
    }
    std::array<double, kPiece> total{};
    for (ClippedSum::Lane& lane : contents.lanes) {
      if (lane.has_total) {
        double* from = lane.total.data() + offset;
        for (std::size_t j = 0; j < count; ++j) total[j] += from[j];
        std::fill_n(from, count, 0.0);
      }
      if (lane.has_block) {
        float* from = lane.block.data() + offset;
        for (std::size_t j = 0; j < count; ++j) total[j] += static_cast<double>(from[j]);
        std::fill_n(from, count, 0.0F);
      }
    }
    float* result = noisy.tensors_[piece.parameter].mutable_data() + piece.begin;
    for (std::size_t j = 0; j < count; ++j) result[j] = static_cast<float>((total[j] + noise[j]) / divisor);
  }
  for (ClippedSum::Lane& lane : contents.lanes) {
    lane.has_block = lane.has_total = false;
    lane.block_samples = 0;
  }
  return noisy;
}

}  // namespace dpml
