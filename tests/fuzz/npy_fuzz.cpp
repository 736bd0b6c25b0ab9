// Any bytes as a NumPy array.

#include "fuzz/data_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dpml::fuzz::read_npy_bytes(data, size);
  return 0;
}
