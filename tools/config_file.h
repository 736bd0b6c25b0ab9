#pragma once

#include <string>
#include <vector>

#include "dpml/config/experiment.h"

namespace dpml::tools {

/// Reads a config with its --set overrides; prints its warnings to stderr.
Experiment read_config_file(const std::string& path, const std::vector<std::string>& overrides);

}  // namespace dpml::tools
