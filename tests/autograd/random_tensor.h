#pragma once

#include <cstdint>

#include "dpml/random/rng.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Standard normal numbers, the same for the same seed.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  Rng rng(Key::from_seed(seed), Purpose::data);
  Tensor x(shape);
  for (float& value : x.mutable_values()) value = static_cast<float>(rng.gaussian());
  return x;
}

/// Whole numbers in [0, count).
inline Tensor random_indices(const Shape& shape, Index count, std::uint64_t seed) {
  Rng rng(Key::from_seed(seed), Purpose::data);
  Tensor x(shape);
  for (float& value : x.mutable_values()) value = static_cast<float>(rng.below(static_cast<std::uint64_t>(count)));
  return x;
}

}  // namespace dpml
