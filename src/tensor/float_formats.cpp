#include "dpml/tensor/float_formats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "dpml/base/error.h"

namespace dpml {

namespace {

/// IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction.
float from_float16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 31U;
  const std::uint32_t fraction = bits & 1023U;
  if (exponent == 0) {  // fraction * 2^-24, which is exact
    const float size = std::ldexp(static_cast<float>(fraction), -24);
    return sign == 0 ? size : -size;
  }
  const std::uint32_t wider = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wider << 23U | fraction << 13U);
}

float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

template <class Number, class Convert>
void convert(std::endian order, std::span<const std::uint8_t> bytes, std::span<float> into, const Convert& to_float) {
  DPML_ASSERT(bytes.size() == into.size() * sizeof(Number));
  std::array<std::uint8_t, sizeof(Number)> one{};
  for (std::size_t i = 0; i < into.size(); ++i) {
    std::memcpy(one.data(), bytes.data() + i * sizeof(Number), sizeof(Number));
    if (order != std::endian::native) std::reverse(one.begin(), one.end());
    into[i] = to_float(std::bit_cast<Number>(one));
  }
}

}  // namespace

std::size_t bytes_of(FloatFormat format) {
  switch (format) {
    case FloatFormat::float16:
    case FloatFormat::bfloat16:
      return 2;
    case FloatFormat::float32:
      return 4;
    case FloatFormat::float64:
      return 8;
  }
  throw InternalError("FloatFormat: not one of the enumerated values");
}

void to_float32(FloatFormat format, std::endian order, std::span<const std::uint8_t> bytes, std::span<float> into) {
  switch (format) {
    case FloatFormat::float16:
      return convert<std::uint16_t>(order, bytes, into, from_float16);
    case FloatFormat::bfloat16:
      return convert<std::uint16_t>(order, bytes, into, from_bfloat16);
    case FloatFormat::float32:
      return convert<float>(order, bytes, into, [](float number) { return number; });
    case FloatFormat::float64:
      return convert<double>(order, bytes, into, [](double number) { return static_cast<float>(number); });
  }
  throw InternalError("FloatFormat: not one of the enumerated values");
}

}  // namespace dpml
