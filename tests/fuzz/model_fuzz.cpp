// Any bytes as a model file, as they are and with what a child process told of it behind them.
// dpml's model files become seeds of the second kind: model_fuzz --seed MODEL SEED writes one.

#include "fuzz/model_target.h"

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
  if (*count != 4 || std::string_view((*words)[1]) != "--seed") return 0;
  const std::string seed = dpml::fuzz::with_scan((*words)[2]);
  std::ofstream((*words)[3], std::ios::binary).write(seed.data(), static_cast<std::streamsize>(seed.size()));
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dpml::fuzz::read_scanned_model_bytes(data, size);
  // This starts processes: only for what looks like HDF5, and only now and then.
  static unsigned turn = 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.substr(0, 4) == "\x89HDF" && ++turn % 16 == 0) dpml::fuzz::read_model_bytes(data, size);
  return 0;
}
