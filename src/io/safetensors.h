#pragma once

#include <cstdint>
#include <string_view>

namespace dpml {

// https://github.com/huggingface/safetensors#format: the length of a header in 8 bytes, little-endian; the header, a
// JSON object; the numbers.

inline constexpr std::size_t kSafetensorsStart = 9;  ///< bytes that tell whether it may be one: length and "{"
inline constexpr std::uint64_t kMostSafetensorsHeader = std::uint64_t{16} << 20;

/// Whether a file with such a beginning may be one: 8 bytes that are a length of which such files are, and a "{".
bool may_be_safetensors(std::string_view beginning);

}  // namespace dpml
