#include "elements.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "dpml/base/text.h"
#include "row_place.h"

namespace dpml {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

std::uint64_t width_of(Element element) {
  switch (element) {
    case Element::uint8:
    case Element::int8:
      return 1;
    case Element::uint16:
    case Element::int16:
      return 2;
    case Element::uint32:
    case Element::int32:
    case Element::float32:
      return 4;
    case Element::uint64:
    case Element::int64:
    case Element::float64:
      return 8;
  }
  return 0;
}

/// The shape of a header, once it is known to be one that a tensor can have.
Shape checked_shape(const FileContent& content, std::span<const std::uint64_t> axes) {
  if (std::ssize(axes) > Shape::kMaxRank) {
    content.fail("the header announces " + std::to_string(axes.size()) + " axes; at most " +
                 std::to_string(Shape::kMaxRank) + " are possible");
  }
  std::vector<Index> lengths;
  Index product = 8;  // as if of the widest element
  for (const std::uint64_t axis : axes) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
    if (axis > kMost || __builtin_mul_overflow(product, std::max<Index>(static_cast<Index>(axis), 1), &product)) {
      content.fail("the header is damaged: it announces more than 2^60 numbers");
    }
    lengths.push_back(static_cast<Index>(axis));
  }
  return Shape(lengths);
}

void check_size(const FileContent& content, const Shape& shape, std::uint64_t width) {
  const std::uint64_t announced = static_cast<std::uint64_t>(shape.size()) * width;
  const std::uint64_t left = content.most_left();
  if (announced == left || (content.is_packed() && announced < left)) return;
  content.fail("the header announces " + shape.to_text() + " numbers, " +
               counted(static_cast<Index>(announced), "byte") + " in all, but " +
               (content.is_packed() ? "at most " : "") + std::to_string(left) +
               (announced > left ? " follow: the file is cut off or its header damaged"
                                 : " follow: the header is damaged or the file too long"));
}

std::vector<std::uint8_t> read_bytes(FileContent& content, std::size_t count) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(count);
  // Memory is touched only as it fills, so that a header that lies about a small packed file costs nothing.
  while (bytes.size() < count) {
    const std::size_t piece = std::min(kPiece, count - bytes.size());
    bytes.resize(bytes.size() + piece);
    content.read(std::span(bytes).last(piece), "its numbers");
  }
  return bytes;
}

template <typename Number>
Number decode(const std::uint8_t* bytes, std::endian order) {
  std::array<std::uint8_t, sizeof(Number)> native{};
  std::memcpy(native.data(), bytes, sizeof(Number));
  if (order != std::endian::native) std::reverse(native.begin(), native.end());
  return std::bit_cast<Number>(native);
}

template <typename Number>
bool is_exact(Number number) {
  if constexpr (std::is_integral_v<Number> && sizeof(Number) >= 4) {
    constexpr auto kMost = static_cast<Number>(Tensor::kMaxExactInteger);
    if constexpr (std::is_signed_v<Number>) return number <= kMost && number >= -kMost;
    return number <= kMost;
  }
  return true;
}

[[noreturn]] void fail_inexact(const FileContent& content, const Shape& shape, Index place) {
  const Shape row = shape.rank() == 0 ? Shape{} : shape.without_front();
  content.fail(
      row_place(place / row.size(), indices_at(row, place % row.size())) +
      ": a whole number beyond 2^24, which float32 cannot tell from its neighbours; store such numbers as float32 "
      "if they are quantities, renumber them if they are labels or indices");
}

template <typename Number>
Tensor read_numbers(FileContent& content, std::endian order, const Shape& shape) {
  Tensor tensor(shape);
  const std::span<float> numbers = tensor.mutable_values();
  std::vector<std::uint8_t> buffer(std::min(kPiece, numbers.size() * sizeof(Number)));
  for (std::size_t begin = 0; begin < numbers.size();) {
    const std::size_t count = std::min(kPiece / sizeof(Number), numbers.size() - begin);
    content.read(std::span(buffer).first(count * sizeof(Number)), "its numbers");
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = decode<Number>(buffer.data() + i * sizeof(Number), order);
      if (!is_exact(number)) fail_inexact(content, shape, static_cast<Index>(begin + i));
      numbers[begin + i] = static_cast<float>(number);
    }
    begin += count;
  }
  return tensor;
}

NumericArray read_checked(FileContent& content, Element element, std::endian order, const Shape& shape) {
  switch (element) {
    case Element::uint8:
      return {shape, read_bytes(content, static_cast<std::size_t>(shape.size()))};
    case Element::uint16:
      return read_numbers<std::uint16_t>(content, order, shape);
    case Element::uint32:
      return read_numbers<std::uint32_t>(content, order, shape);
    case Element::uint64:
      return read_numbers<std::uint64_t>(content, order, shape);
    case Element::int8:
      return read_numbers<std::int8_t>(content, order, shape);
    case Element::int16:
      return read_numbers<std::int16_t>(content, order, shape);
    case Element::int32:
      return read_numbers<std::int32_t>(content, order, shape);
    case Element::int64:
      return read_numbers<std::int64_t>(content, order, shape);
    case Element::float32:
      return read_numbers<float>(content, order, shape);
    case Element::float64:
      return read_numbers<double>(content, order, shape);
  }
  content.fail("unknown element type");
}

}  // namespace

NumericArray read_elements(FileContent& content, Element element, std::endian order,
                           std::span<const std::uint64_t> axes) {
  const Shape shape = checked_shape(content, axes);
  check_size(content, shape, width_of(element));
  try {
    NumericArray array = read_checked(content, element, order, shape);
    content.expect_end();
    return array;
  } catch (const std::bad_alloc&) {
    content.fail("not enough memory for the " + shape.to_text() + " numbers that the header announces");
  }
}

}  // namespace dpml
