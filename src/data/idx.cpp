#include "dpml/data/idx.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "dpml/base/error.h"
#include "elements.h"

namespace dpml {

namespace {

std::optional<Element> element_of(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return Element::uint8;
    case 0x09:
      return Element::int8;
    case 0x0B:
      return Element::int16;
    case 0x0C:
      return Element::int32;
    case 0x0D:
      return Element::float32;
    case 0x0E:
      return Element::float64;
    default:
      return std::nullopt;
  }
}

}  // namespace

NumericArray read_idx(const std::filesystem::path& path) {
  FileContent content(path);
  std::array<std::uint8_t, 4> magic{};
  content.read(magic, "the IDX header");
  const std::optional<Element> element = element_of(magic[2]);
  if (magic[0] != 0 || magic[1] != 0 || !element || magic[3] == 0) {
    content.fail(
        "not an IDX file: expected two zero bytes, an element type (0x08, 0x09 or 0x0B to 0x0E) and a number of axes "
        "at "
        "its start");
  }
  std::vector<std::uint64_t> axes;
  for (int i = 0; i < magic[3]; ++i) {
    std::array<std::uint8_t, 4> length{};
    content.read(length, "the IDX header");
    axes.push_back(std::uint64_t{length[0]} << 24 | std::uint64_t{length[1]} << 16 | std::uint64_t{length[2]} << 8 |
                   std::uint64_t{length[3]});
  }
  return read_elements(content, *element, std::endian::big, axes);
}

InputLayout idx_layout(const Shape& inputs, InputLayout layout) {
  return inputs.rank() == 3 && layout == InputLayout::as_stored ? InputLayout::grey_images : layout;
}

TensorDataset read_idx_dataset(const std::filesystem::path& inputs, const std::filesystem::path& labels,
                               DatasetOptions options) {
  const NumericArray label_array = read_idx(labels);
  if (label_array.shape().rank() != 1) {
    throw FileError(labels.string() + ": expected labels, one axis, found " + label_array.shape().to_text() +
                    "; were the files of inputs and labels exchanged?");
  }
  const NumericArray input_array = read_idx(inputs);
  options.layout = idx_layout(input_array.shape(), options.layout);
  return join_dataset(input_array, inputs.string(), label_array, labels.string(), options);
}

}  // namespace dpml
