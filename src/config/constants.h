#pragma once

#include <span>
#include <string>
#include <vector>

#include "origins.h"
#include "problems.h"
#include "statements.h"

namespace dpml::config {

/// Takes `constants { width: 64 }` out of the statements of a config and puts 64 where they say `$width`. An override
/// `constants.width=128` gives it another value; returns the overrides that are others. Throws ConfigError for names
/// that mean nothing and such as are used nowhere.
std::vector<std::string> replace_constants(std::vector<Statement>& statements, std::span<const std::string> overrides,
                                           const Origins& origins, Problems& problems);

}  // namespace dpml::config
