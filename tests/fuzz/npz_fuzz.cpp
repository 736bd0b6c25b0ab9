// Any bytes as weights in a file of the format npz.

#include "fuzz/weights_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dpml::fuzz::read_weights(data, size, dpml::open_npz);
  return 0;
}
