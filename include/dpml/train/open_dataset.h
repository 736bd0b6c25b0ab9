#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "dpml/config/data_options.h"
#include "dpml/data/tensor_dataset.h"

namespace dpml {

/// The files that a config's data names.
std::vector<std::filesystem::path> data_files(const DataOptions& options);

/// Reads them. Throws FileError when they are missing, damaged, or hold other shapes or labels than the config
/// declares.
std::unique_ptr<TensorDataset> open_dataset(const DataOptions& options);

/// The same of other files in their place: inputs and labels, or the one that holds both. A table's columns are found
/// by the names in its header. Throws ConfigError when the config wants another number of files.
std::unique_ptr<TensorDataset> open_dataset(const DataOptions& options, std::span<const std::filesystem::path> files);

/// Inputs alone, from one file of the kind that `options` describes; for predictions. A table's columns are found by
/// the names in its header, and it may lack those of labels and targets; labels come out as [N, 0]. Throws as
/// open_dataset does.
std::unique_ptr<TensorDataset> open_inputs(const DataOptions& options, const std::filesystem::path& file);

}  // namespace dpml
