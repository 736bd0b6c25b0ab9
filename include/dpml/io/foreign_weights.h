#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "dpml/io/named_tensor.h"

// Weights from HDF5 files that others made. A child process does the reading, as in dpml/io/arrays.h.

namespace dpml {

/// The wanted weights, in their order, from any HDF5 file: a dataset of numbers for each, by its name, in the root or
/// in a group; dots of a name may be groups (fc1/weight). They come from the one group that has most of them. Any
/// numeric type is taken, rounded to float32; no number is read before all shapes fit. Links, into other files or to
/// other places, datasets whose numbers lie in other files, and virtual ones are not followed. Throws FileError naming
/// each weight that is missing or of another shape, and each dataset beside them that the model has no place for; also
/// when the file is not HDF5 or damaged.
std::vector<NamedTensor> read_foreign_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted);

}  // namespace dpml
