#pragma once

#include <cmath>

#include "dpml/random/rng.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Uniform in +-1/sqrt(inputs), what PyTorch gives weights and biases of Linear and of convolutions: He et al. 2015,
/// equation (14), for leaky rectifiers of slope sqrt(5); and of recurrent layers, by the size of their states.
inline Tensor uniform_for(Index inputs, const Shape& shape, Rng& init) {
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  Tensor tensor(shape);
  for (float& value : tensor.mutable_values()) value = static_cast<float>(init.uniform(-bound, bound));
  return tensor;
}

}  // namespace dpml
