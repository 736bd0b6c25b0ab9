#include "dpml/data/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements.h"

namespace dpml {

namespace {

constexpr std::array<std::uint8_t, 6> kMagic{0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr std::uint64_t kMostHeader = 1 << 20;

struct Header {
  std::string element;  ///< as NumPy writes it: "<f4"
  bool fortran_order = false;
  std::vector<std::uint64_t> axes;
};

/// Reads the text of a header, a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderText {
 public:
  HeaderText(const FileContent& content, std::string_view text) : content_(content), rest_(text) {}

  Header parse() {
    Header header;
    bool has_element = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !has_element) {
        has_element = true;
        header.element = quoted();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.axes = tuple();
      } else {
        fail();
      }
      if (!take(',') && next() != '}') fail();
    }
    if (next() != 0 || !has_element || !has_order || !has_shape) fail();
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    content_.fail(
        "its NumPy header cannot be understood; expected 'descr', 'fortran_order' and 'shape' of a plain array (no "
        "named "
        "fields, no objects)");
  }

  /// The next letter that is not a space, 0 at the end.
  char next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
    return rest_.empty() ? '\0' : rest_.front();
  }

  bool take(char letter) {
    if (next() != letter) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char letter) {
    if (!take(letter)) fail();
  }

  bool take(std::string_view word) {
    next();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string quoted() {
    const char quote = next();
    if (quote != '\'' && quote != '"') fail();
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) fail();
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool boolean() {
    if (take("True")) return true;
    if (!take("False")) fail();
    return false;
  }

  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> numbers;
    expect('(');
    while (!take(')')) {
      next();
      std::uint64_t number = 0;
      const auto result = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
      if (result.ec != std::errc()) fail();
      rest_.remove_prefix(static_cast<std::size_t>(result.ptr - rest_.data()));
      take('L');  // old Python wrote its long integers so
      numbers.push_back(number);
      if (!take(',') && next() != ')') fail();
    }
    return numbers;
  }

  const FileContent& content_;
  std::string_view rest_;
};

Header read_header(FileContent& content) {
  std::array<std::uint8_t, 8> start{};
  const std::size_t count = content.read_some(start);
  if (count >= 2 && start[0] == 'P' && start[1] == 'K') {
    content.fail("an archive (.npz?), expected a single array; write each array with numpy.save");
  }
  if (count < start.size() || !std::equal(kMagic.begin(), kMagic.end(), start.begin())) {
    content.fail("not a .npy file: expected it to start with \\x93NUMPY");
  }
  if (start[6] < 1 || start[6] > 3) {
    content.fail("format version " + std::to_string(start[6]) + " of .npy is not known; expected 1, 2 or 3");
  }
  std::array<std::uint8_t, 4> length{};
  content.read(std::span(length).first(start[6] == 1 ? 2 : 4), "the NumPy header");
  const std::uint64_t size = std::uint64_t{length[0]} | std::uint64_t{length[1]} << 8 | std::uint64_t{length[2]} << 16 |
                             std::uint64_t{length[3]} << 24;
  if (size > std::min(kMostHeader, content.most_left())) content.fail("the length of its NumPy header is damaged");
  std::vector<std::uint8_t> bytes(size);
  content.read(bytes, "the NumPy header");
  return HeaderText(content, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())).parse();
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
  const Header header = read_header(content);
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
