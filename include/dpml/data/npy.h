#pragma once

#include <filesystem>

#include "dpml/data/tensor_dataset.h"

namespace dpml {

/// A NumPy .npy file (format 1, 2 or 3; plain or gzip) of float32, float64, bool or whole numbers of 8 to 64 bits, in C
/// order, of at most 8 axes.
/// Throws FileError, naming the file and what was expected, when it is missing, empty, damaged, not .npy, of another
/// element type, in Fortran order, shorter or longer than its header says, or holds an integer that is not exact in
/// float32 (beyond 2^24).
NumericArray read_npy(const std::filesystem::path& path);

/// A dataset from a file of inputs and a file of labels. Throws what read_npy and join_dataset throw.
TensorDataset read_npy_dataset(const std::filesystem::path& inputs, const std::filesystem::path& labels,
                               const DatasetOptions& options);

}  // namespace dpml
