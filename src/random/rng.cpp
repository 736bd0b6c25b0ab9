#include "dpml/random/rng.h"

#include <cmath>

#include "box_muller.h"
#include "dpml/base/error.h"

namespace dpml {

Rng::Rng(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index)
    : stream_(key, purpose, step, index) {}

double Rng::uniform() {
  return stream_.uniform();
}

double Rng::uniform(double low, double high) {
  return low + (high - low) * stream_.uniform();
}

double Rng::gaussian() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(minus_two_log(stream_.next_u64()));
  const CosineSine direction = cosine_sine(stream_.next_u64());
  spare_ = radius * direction.sine;
  has_spare_ = true;
  return radius * direction.cosine;
}

std::uint64_t Rng::below(std::uint64_t count) {
  DPML_ASSERT(count > 0);
  // Words from the last, incomplete run of `count` values would favour small results; draw again.
  const std::uint64_t excess = (0 - count) % count;  // 2^64 mod count
  std::uint64_t word = stream_.next_u64();
  while (word < excess) word = stream_.next_u64();
  return word % count;
}

}  // namespace dpml
