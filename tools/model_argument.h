#pragma once

#include <filesystem>
#include <string>

namespace dpml::tools {

/// The model file meant by an argument that is a run folder or the file itself.
std::filesystem::path model_file_of(const std::string& run);

}  // namespace dpml::tools
