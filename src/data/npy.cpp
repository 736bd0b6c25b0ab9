#include "dpml/data/npy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/data/npy_header.h"
#include "elements.h"

namespace dpml {

namespace {

NpyHeader read_header(FileContent& content) {
  std::array<std::uint8_t, kNpyStart> start{};
  const std::size_t count = content.read_some(start);
  if (count >= 2 && start[0] == 'P' && start[1] == 'K') {
    content.fail("an archive (.npz?), expected a single array; write each array with numpy.save");
  }
  if (count < start.size()) content.fail("not a .npy file: expected it to start with \\x93NUMPY");
  return read_npy_header(start, {.read = [&](std::span<std::uint8_t> into) { content.read(into, "the NumPy header"); },
                                 .most_left = [&] { return content.most_left(); },
                                 .fail = [&](const std::string& problem) { content.fail(problem); }});
}

std::optional<Element> element_of(std::string_view kind) {
  struct Named {
    std::string_view name;
    Element element;
  };
  static constexpr std::array<Named, 11> kElements{{{"b1", Element::uint8},
                                                    {"u1", Element::uint8},
                                                    {"u2", Element::uint16},
                                                    {"u4", Element::uint32},
                                                    {"u8", Element::uint64},
                                                    {"i1", Element::int8},
                                                    {"i2", Element::int16},
                                                    {"i4", Element::int32},
                                                    {"i8", Element::int64},
                                                    {"f4", Element::float32},
                                                    {"f8", Element::float64}}};
  const auto found = std::find_if(kElements.begin(), kElements.end(), [&](const Named& n) { return n.name == kind; });
  return found == kElements.end() ? std::nullopt : std::optional(found->element);
}

}  // namespace

NumericArray read_npy(const std::filesystem::path& path) {
  FileContent content(path);
  const NpyHeader header = read_header(content);
  const char order = header.element.empty() ? '\0' : header.element.front();
  const std::optional<Element> element = order == '<' || order == '>' || order == '|'
                                             ? element_of(std::string_view(header.element).substr(1))
                                             : std::nullopt;
  if (!element) {
    content.fail(
        "unknown element type; expected bool, int8 to int64, uint8 to uint64, float32 or float64 (convert with "
        "numpy.asarray(x, \"float32\"))");
  }
  if (header.fortran_order) {
    content.fail("holds an array in Fortran order; expected C order (convert with numpy.ascontiguousarray(x))");
  }
  return read_elements(content, *element, order == '>' ? std::endian::big : std::endian::little, header.axes);
}

TensorDataset read_npy_dataset(const std::filesystem::path& inputs, const std::filesystem::path& labels,
                               const DatasetOptions& options) {
  return join_dataset(read_npy(inputs), inputs.string(), read_npy(labels), labels.string(), options);
}

}  // namespace dpml
