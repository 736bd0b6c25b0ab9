#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace dpml {

/// Numbers with a point, as files hold them. bfloat16 is the upper half of a float32.
enum class FloatFormat { float16, bfloat16, float32, float64 };

std::size_t bytes_of(FloatFormat format);

/// The numbers as float32, of which there are into.size() in `bytes`, one after another. Exact but for float64, which
/// is rounded to the nearest, beyond the range of float32 to infinity.
void to_float32(FloatFormat format, std::endian order, std::span<const std::uint8_t> bytes, std::span<float> into);

}  // namespace dpml
