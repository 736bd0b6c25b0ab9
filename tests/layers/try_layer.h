#pragma once

#include <gtest/gtest.h>

#include <string>

#include "dpml/base/error.h"
#include "dpml/layers/layer.h"
#include "dpml/random/rng.h"

namespace dpml {

inline Rng fixed_rng(std::uint64_t seed = 3) {
  return Rng(Key::from_seed(seed), Purpose::initialisation);
}

/// The layer's result for a batch, nothing recorded.
inline Tensor apply(const Layer& layer, const Tensor& x) {
  Tape tape;
  return layer.forward(tape, tape.sample(x)).tensor();
}

/// Numbers drawn uniformly from [-1, 1].
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed = 5) {
  Rng rng(Key::from_seed(seed), Purpose::data);
  Tensor x(shape);
  for (float& value : x.mutable_values()) value = static_cast<float>(rng.uniform(-1, 1));
  return x;
}

/// What `call` throws: expects an exception of type Expected and returns its message.
template <class Expected, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "threw another type: " << error.what();
    return "";
  }
  ADD_FAILURE() << "threw nothing";
  return "";
}

}  // namespace dpml
