#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/model_sizes.h"
#include "dpml/config/parse_config.h"
#include "fuzz/fuzz_file.h"

// What any bytes must keep to when they are read as a config: abort when they do not. For the fuzzer, and for the test
// that gives its corpus to every build.

namespace dpml::fuzz {

struct ConfigText {
  std::string text;
  std::vector<std::string> overrides;
};

/// A line that begins with "--set " is an override.
inline ConfigText config_text_of(const std::string& bytes) {
  ConfigText config;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    const std::string line = bytes.substr(begin, end - begin);
    if (line.starts_with("--set ")) {
      config.overrides.push_back(line.substr(6));
    } else {
      config.text += line + "\n";
    }
    begin = end + 1;
  }
  return config;
}

/// Is a config, by this reader; a refusal can be shown.
template <class Read>
bool read_or_refuse(const Read& read) {
  try {
    read();
    return true;
  } catch (const ConfigError& error) {
    check(!first_invalid_utf8(printable(error.what())));
    return false;
  }
}

/// As the text of a config: an experiment whose canonical text says the same of itself, or a ConfigError. And as a
/// config that is stored in a file, of both versions. True when the text is a config.
inline bool read_config_bytes(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const ConfigText config = config_text_of(bytes);
  const bool is_config = read_or_refuse([&] {
    const Experiment experiment = parse_config(config.text, "/configs/c.txtpb", config.overrides);
    check(!first_invalid_utf8(experiment.text) && experiment.text.find('\0') == std::string::npos);
    check(parse_stored_config(experiment.text, "model.h5", 2).text == experiment.text);
    model_sizes(experiment.model, experiment.train.sample_shape);
  });
  for (const std::uint64_t version : {1U, 2U}) {
    read_or_refuse([&] { check(parse_stored_config(bytes, "model.h5", version).text == bytes); });
  }
  return is_config;
}

}  // namespace dpml::fuzz
