#pragma once

#include <filesystem>
#include <memory>

#include "dpml/config/data_options.h"
#include "dpml/data/dataset.h"

namespace dpml {

/// Reads the files of a config's data. Throws FileError when they are missing, damaged, or hold other shapes or labels
/// than the config declares.
std::unique_ptr<Dataset> open_dataset(const DataOptions& options);

/// Inputs alone, from one file of the kind that `options` describes; for predictions. A table may lack the columns of
/// labels and targets; labels come out as [N, 0]. Throws as open_dataset does.
std::unique_ptr<Dataset> open_inputs(const DataOptions& options, const std::filesystem::path& file);

}  // namespace dpml
