#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "dpml/io/named_tensor.h"

// Weights as files that other programs read; read_foreign_weights reads them back. Equal weights give equal bytes.

namespace dpml {

using Metadata = std::span<const std::pair<std::string, std::string>>;  ///< key and value, in UTF-8

/// https://github.com/huggingface/safetensors: F32, the metadata in "__metadata__". Replaces the file in one step.
/// Throws FileError when the disk refuses, or when a name or value is no UTF-8 or a name is "__metadata__".
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> weights, Metadata metadata);

/// NumPy's archive, as numpy.savez writes it: a float32 array for each weight, and "dpml_guarantee", a text in which
/// the metadata is a JSON object. Replaces the file in one step. Throws FileError as above.
void write_npz(const std::filesystem::path& path, std::span<const NamedTensor> weights, Metadata metadata);

}  // namespace dpml
