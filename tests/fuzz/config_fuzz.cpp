// Any bytes as the text of a config: an experiment whose canonical text says the same of itself, or a
// dpml::ConfigError. A line that begins with "--set " is an override. The same bytes as a config that is stored in a
// file, of both versions.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/model_sizes.h"
#include "dpml/config/parse_config.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

template <class Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const dpml::ConfigError& error) {
    check(!dpml::first_invalid_utf8(dpml::printable(error.what())));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::string text;
  std::vector<std::string> overrides;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    const std::string line = bytes.substr(begin, end - begin);
    if (line.starts_with("--set ")) {
      overrides.push_back(line.substr(6));
    } else {
      text += line + "\n";
    }
    begin = end + 1;
  }
  read_or_refuse([&] {
    const dpml::Experiment experiment = dpml::parse_config(text, "/configs/c.txtpb", overrides);
    check(!dpml::first_invalid_utf8(experiment.text) && experiment.text.find('\0') == std::string::npos);
    check(dpml::parse_stored_config(experiment.text, "model.h5", 2).text == experiment.text);
    dpml::model_sizes(experiment.model, experiment.train.sample_shape);
  });
  for (const std::uint64_t version : {1U, 2U}) {
    read_or_refuse([&] { check(dpml::parse_stored_config(bytes, "model.h5", version).text == bytes); });
  }
  return 0;
}
