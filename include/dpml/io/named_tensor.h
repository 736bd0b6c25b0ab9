#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dpml/tensor/tensor.h"

namespace dpml {

/// A tensor and the name it has in a file, "fc1.weight". Names are not empty, hold no "/" and no zero byte, are not
/// "." and differ from each other.
struct NamedTensor {
  std::string name;
  Tensor value;
};

/// The same before its numbers are read.
struct NamedShape {
  std::string name;
  Shape shape;  ///< in files
};

/// SHA-256 of names, shapes and bits, as 64 hexadecimal letters. The order of the tensors does not matter.
std::string digest_of(std::span<const NamedTensor> tensors);

/// How many of the numbers are infinite or not a number.
std::uint64_t count_non_finite(std::span<const NamedTensor> tensors);

}  // namespace dpml
