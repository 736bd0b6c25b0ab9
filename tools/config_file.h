#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dpml/config/experiment.h"

namespace dpml::tools {

/// Whether a path means a config: by its ending, .txtpb, or as a text in which a line begins the block of a model.
bool is_config_file(const std::filesystem::path& path);

/// Reads a config with its --set overrides; prints its warnings to stderr.
Experiment read_config_file(const std::string& path, const std::vector<std::string>& overrides);

}  // namespace dpml::tools
