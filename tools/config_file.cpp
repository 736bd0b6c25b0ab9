#include "config_file.h"

#include <iostream>

#include "dpml/base/file.h"
#include "dpml/config/parse_config.h"

namespace dpml::tools {

Experiment read_config_file(const std::string& path, const std::vector<std::string>& overrides) {
  Experiment experiment = parse_config(read_file(path, kLongestConfig), path, overrides);
  for (const std::string& warning : experiment.warnings) std::cerr << "warning: " << warning << "\n";
  return experiment;
}

}  // namespace dpml::tools
