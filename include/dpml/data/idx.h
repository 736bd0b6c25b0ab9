#pragma once

#include <filesystem>

#include "dpml/data/tensor_dataset.h"

namespace dpml {

/// An IDX file, the format of MNIST and its relatives, plain or gzip (told apart by content): two zero bytes, a byte
/// for the element type (uint8, int8, int16, int32, float, double), a byte for the number of axes (1 to 8), the axes as
/// 32-bit and then the numbers, all big-endian.
/// Throws FileError, naming the file and what was expected, when it is missing, empty, damaged, not IDX, shorter or
/// longer than its header says, or holds an integer that is not exact in float32 (beyond 2^24).
NumericArray read_idx(const std::filesystem::path& path);

/// How inputs of this shape lie in an IDX file: [N, h, w] are grey images also when the layout is as_stored.
InputLayout idx_layout(const Shape& inputs, InputLayout layout);

/// A dataset from a file of inputs and a file of labels (one axis). Grey images, as idx_layout tells them,
/// become [N, h, w, 1]. Throws what read_idx and join_dataset throw.
TensorDataset read_idx_dataset(const std::filesystem::path& inputs, const std::filesystem::path& labels,
                               DatasetOptions options);

}  // namespace dpml
