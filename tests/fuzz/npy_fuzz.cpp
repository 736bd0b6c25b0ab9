// Any bytes as a NumPy array, of inputs and of labels: read, or refused with a FileError.

#include "dpml/base/error.h"
#include "dpml/data/npy.h"
#include "fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = dpml::fuzz::file_of(data, size);
  try {
    const dpml::NumericArray array = dpml::read_npy(path);
    dpml::fuzz::check(array.to_tensor().size() == array.shape().size());
    for (const dpml::InputLayout layout :
         {dpml::InputLayout::as_stored, dpml::InputLayout::grey_images, dpml::InputLayout::channels_first}) {
      try {
        const dpml::TensorDataset dataset = dpml::read_npy_dataset(path, path, {.layout = layout});
        if (dataset.size() == 0 || dataset.input_shape().size() == 0) continue;
        dpml::Batch batch;
        const dpml::Index last = dataset.size() - 1;
        dataset.read({&last, 1}, batch);
        dpml::fuzz::check(batch.inputs.size() == dataset.input_shape().size());
        dataset.place_of(dpml::SamplePart::input, last, batch.inputs.size() - 1);
      } catch (const dpml::FileError&) {  // of another layout
      }
    }
  } catch (const dpml::FileError&) {  // refused
  }
  return 0;
}
