#include "dpml/tensor/float_formats.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>

namespace dpml {
namespace {

template <class Number>
float converted(FloatFormat format, Number number, std::endian order = std::endian::native) {
  std::array<std::uint8_t, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &number, sizeof(Number));
  if (order != std::endian::native) std::reverse(bytes.begin(), bytes.end());
  float result = 0;
  to_float32(format, order, bytes, {&result, 1});
  return result;
}

TEST(FloatFormats, AreReadExactly) {
  const auto half = [](std::uint16_t bits) { return converted(FloatFormat::float16, bits); };
  // IEEE 754-2008, binary16
  EXPECT_EQ(half(0x3c00), 1.0F);
  EXPECT_EQ(half(0xc000), -2.0F);
  EXPECT_EQ(half(0x7bff), 65504.0F);
  EXPECT_EQ(half(0x0400), 0x1p-14F);
  EXPECT_EQ(half(0x0001), 0x1p-24F);
  EXPECT_EQ(half(0x83ff), -1023 * 0x1p-24F);
  EXPECT_EQ(half(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(half(0x7e01)));
  EXPECT_TRUE(std::signbit(half(0x8000)));
  EXPECT_EQ(converted<std::uint16_t>(FloatFormat::bfloat16, 0x3f80), 1.0F);
  EXPECT_EQ(converted<std::uint16_t>(FloatFormat::bfloat16, 0xc049), -3.140625F);
  EXPECT_EQ(converted(FloatFormat::float32, 0.1F), 0.1F);
  EXPECT_EQ(converted(FloatFormat::float64, 0.1), 0.1F);
  EXPECT_EQ(converted(FloatFormat::float64, 1e300), std::numeric_limits<float>::infinity());
  EXPECT_EQ(converted(FloatFormat::float64, 0.1, std::endian::big), 0.1F);
  EXPECT_EQ(converted<std::uint16_t>(FloatFormat::float16, 0x3c00, std::endian::big), 1.0F);
}

TEST(FloatFormats, EveryNumberOf16BitsIsWhatItsPartsSay) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = static_cast<int>((bits >> 10U) & 31U);
    if (exponent == 31) continue;
    const double fraction = (bits & 1023U) / 1024.0;
    const double size = exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
    ASSERT_EQ(converted(FloatFormat::float16, static_cast<std::uint16_t>(bits)), bits >= 0x8000 ? -size : size) << bits;
  }
}

}  // namespace
}  // namespace dpml
