#include "config_file.h"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/config/parse_config.h"

namespace dpml::tools {

namespace {

bool begins_model(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  constexpr std::string_view kWord = "model";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  if (!line.starts_with(kWord)) return false;
  line.remove_prefix(kWord.size());
  const std::size_t next = line.find_first_not_of(kBlanks);
  return next == std::string_view::npos || line[next] == '{' || line[next] == ':' || line[next] == '#';
}

}  // namespace

bool is_config_file(const std::filesystem::path& path) {
  if (path.extension() == ".txtpb") return true;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  if (std::filesystem::file_size(path, error) > kLongestConfig || error) return false;
  const std::string text = read_file(path, kLongestConfig);
  if (first_invalid_utf8(text)) return false;
  std::istringstream lines{std::string(without_byte_order_mark(text))};
  for (std::string line; std::getline(lines, line);) {
    if (begins_model(line)) return true;
  }
  return false;
}

Experiment read_config_file(const std::string& path, const std::vector<std::string>& overrides) {
  Experiment experiment = parse_config(read_file(path, kLongestConfig), path, overrides);
  for (const std::string& warning : experiment.warnings) std::cerr << "warning: " << warning << "\n";
  return experiment;
}

}  // namespace dpml::tools
