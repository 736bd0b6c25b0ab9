#include "dpml/data/npy_header.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "dpml/base/error.h"

namespace dpml {

namespace {

constexpr std::array<std::uint8_t, 6> kMagic{0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr std::uint64_t kMostHeader = 1 << 20;

[[noreturn]] void fail_at(const NpyHeaderSource& source, const std::string& problem) {
  source.fail(problem);
  throw InternalError("NpyHeaderSource::fail did not throw");
}

/// Reads the text of a header, a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderText {
 public:
  HeaderText(const NpyHeaderSource& source, std::string_view text) : source_(source), rest_(text) {}

  NpyHeader parse() {
    NpyHeader header;
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
    fail_at(source_,
            "its NumPy header cannot be understood; expected 'descr', 'fortran_order' and 'shape' of a plain array "
            "(no named fields, no objects)");
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

  const NpyHeaderSource& source_;
  std::string_view rest_;
};

}  // namespace

NpyHeader read_npy_header(std::span<const std::uint8_t, kNpyStart> start, const NpyHeaderSource& source) {
  if (!std::equal(kMagic.begin(), kMagic.end(), start.begin())) {
    fail_at(source, "not a .npy file: expected it to start with \\x93NUMPY");
  }
  if (start[6] < 1 || start[6] > 3) {
    fail_at(source, "format version " + std::to_string(start[6]) + " of .npy is not known; expected 1, 2 or 3");
  }
  std::array<std::uint8_t, 4> length{};
  const std::size_t length_bytes = start[6] == 1 ? 2 : 4;
  source.read(std::span(length).first(length_bytes));
  const std::uint64_t size = std::uint64_t{length[0]} | std::uint64_t{length[1]} << 8 | std::uint64_t{length[2]} << 16 |
                             std::uint64_t{length[3]} << 24;
  if (size > std::min(kMostHeader, source.most_left())) fail_at(source, "the length of its NumPy header is damaged");
  std::vector<std::uint8_t> bytes(size);
  source.read(bytes);
  NpyHeader header =
      HeaderText(source, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())).parse();
  header.bytes = kNpyStart + length_bytes + size;
  return header;
}

}  // namespace dpml
