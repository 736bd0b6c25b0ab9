#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "dpml/base/name_pattern.h"
#include "dpml/io/named_tensor.h"

// Weights from files that others made. A child process does the reading, as in dpml/io/arrays.h.

namespace dpml {

/// Weights of a file by the names of a model.
struct FoundWeights {
  std::vector<NamedTensor> weights;  ///< the wanted ones, in their order
  std::vector<std::string> unused;   ///< what else is in the file, of HDF5 in the group; the first ten, printable
  std::uint64_t unused_count = 0;    ///< all of it
};

/// The wanted weights from a file whose content says what it is:
///
///   HDF5         a dataset of numbers of any type for each, in the root or in a group; dots of a name may be groups
///                (fc1/weight). They come from the one group that has most of them. Links, into other files or to other
///                places, datasets whose numbers lie in other files, and virtual ones are not followed.
///   safetensors  F16, BF16, F32 and F64
///   .npz         NumPy's archives, stored or deflated: float16, float32 and float64, in C order
///   ONNX         initializers of the graph: FLOAT16, BFLOAT16, FLOAT and DOUBLE
///
/// All become float32; float64 is rounded. On each name in the file the first rule that it fits decides. No number is
/// read before all shapes fit, and sizes are looked at before memory is taken. Throws FileError, in one message, naming
/// the first ten weights that are missing, of another shape or of another type, and how many more there are; also for
/// a rule that fits no name, for names that become the same, and when the file is none of these, or damaged.
FoundWeights read_foreign_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted,
                                  std::span<const NameRule> rules = {});

/// The same from weights at hand, which came from `path`.
FoundWeights choose_weights(const std::filesystem::path& path, const std::vector<NamedTensor>& weights,
                            std::span<const NamedShape> wanted, std::span<const NameRule> rules);

}  // namespace dpml
