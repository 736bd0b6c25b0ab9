#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dpml {

/// What stands in front of the numbers of a NumPy array.
struct NpyHeader {
  std::string element;  ///< as NumPy writes it: "<f4"
  bool fortran_order = false;
  std::vector<std::uint64_t> axes;
  std::uint64_t bytes = 0;  ///< length of the header itself: where the numbers begin
};

/// Where a header is read from.
struct NpyHeaderSource {
  std::function<void(std::span<std::uint8_t>)> read;  ///< fills it, or throws
  std::function<std::uint64_t()> most_left;           ///< no more bytes than this can still come
  std::function<void(const std::string&)> fail;       ///< throws, with the name of the source
};

inline constexpr std::size_t kNpyStart = 8;  ///< bytes of magic and version

/// The header behind its first bytes, which were read. Calls source.fail for whatever is no header of version 1, 2
/// or 3.
NpyHeader read_npy_header(std::span<const std::uint8_t, kNpyStart> start, const NpyHeaderSource& source);

}  // namespace dpml
