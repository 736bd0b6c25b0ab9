// A byte that chooses a schema, and any further bytes as the table.

#include "fuzz/data_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dpml::fuzz::read_csv_bytes(data, size);
  return 0;
}
