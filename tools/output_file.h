#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace dpml::tools {

/// Where a command may write, the file that links lead to. Throws ConfigError when that is one of `inputs`, under
/// whatever name, or lies in the folder of a run, whose files belong together and to their owner; when the name is
/// empty, or a folder.
std::filesystem::path output_path(const std::string& out, std::span<const std::filesystem::path> inputs);

}  // namespace dpml::tools
