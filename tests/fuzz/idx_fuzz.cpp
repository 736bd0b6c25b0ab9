// Any bytes as an IDX file, of inputs and of labels: read, or refused with a FileError.

#include "dpml/base/error.h"
#include "dpml/data/idx.h"
#include "fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = dpml::fuzz::file_of(data, size);
  try {
    const dpml::NumericArray array = dpml::read_idx(path);
    dpml::fuzz::check(array.to_tensor().size() == array.shape().size());
    for (const dpml::Index classes : {0, 2}) {
      const dpml::TensorDataset dataset = dpml::read_idx_dataset(path, path, {.classes = classes});
      dpml::fuzz::check(dataset.size() == array.shape()[0]);
    }
  } catch (const dpml::FileError&) {  // refused
  }
  return 0;
}
