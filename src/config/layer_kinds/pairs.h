#pragma once

#include <string>
#include <utility>

#include "section.h"

namespace dpml::config {

/// [height, width] of a field with one number, which stands for both, or two; `missing` for both where it is not
/// stated.
std::pair<std::int64_t, std::int64_t> read_pair(const Section& layer, const std::string& field, const WholeRange& range,
                                                std::int64_t missing);

}  // namespace dpml::config
