#include "config_file.h"

#include <iostream>

#include "dpml/base/file.h"
#include "dpml/config/parse_config.h"

namespace dpml::tools {

namespace {

constexpr std::uint64_t kLargestConfig = std::uint64_t{16} << 20;  // as parse_config

}  // namespace

Experiment read_config_file(const std::string& path, const std::vector<std::string>& overrides) {
  Experiment experiment = parse_config(read_file(path, kLargestConfig), path, overrides);
  for (const std::string& warning : experiment.warnings) std::cerr << "warning: " << warning << "\n";
  return experiment;
}

}  // namespace dpml::tools
