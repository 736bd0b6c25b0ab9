// Any bytes as the text of a config, lines with overrides among it, and as a config that is stored in a file.

#include "fuzz/config_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dpml::fuzz::read_config_bytes(data, size);
  return 0;
}
