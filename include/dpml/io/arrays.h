#pragma once

#include <filesystem>
#include <string>

#include "dpml/tensor/tensor.h"

// These two open files that others made, and the HDF5 library may crash or hang on a damaged one. A child process does
// the reading (fork), so that such a file costs a FileError and not the program. HDF5 knows no threads: call them from
// one thread at a time.

namespace dpml {

/// The dataset `name` ("inputs", or a path as "train/inputs") as float32, whatever numeric type it has: integers and
/// doubles are rounded, so class labels and indices are exact below Tensor::kMaxExactInteger. Throws FileError naming
/// file, dataset and what was expected: no such file, not HDF5, truncated, damaged, no such dataset (listing what
/// there is), not numbers, more axes than a tensor has, or larger than memory.
Tensor read_hdf5_array(const std::filesystem::path& path, const std::string& name);

/// What an HDF5 file contains, one line for each group, dataset and attribute, with shapes and types; short attributes
/// with their values, datasets without. Links to other files are named and not followed. Throws FileError.
std::string hdf5_tree(const std::filesystem::path& path);

}  // namespace dpml
