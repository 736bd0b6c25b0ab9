#include "box_muller.h"

#include <bit>
#include <cmath>

#include "dpml/base/vectorised.h"

// Only +, -, *, /, square roots and integer operations, each correctly rounded everywhere, and no contraction to fused
// multiply-adds: that makes the bits equal on every compiler and processor. No branches and no calls, so that compilers
// vectorise the loop.
//
// Polynomials: least relative error on their interval, by Remez exchange in 60 digits, then rounded to double.

namespace dpml {

namespace {

constexpr std::uint64_t kMantissa = 0x000fffffffffffffULL;
constexpr std::uint64_t kOne = 0x3ff0000000000000ULL;
constexpr std::uint64_t kSquareRootOfHalf = 0x3fe6a09e667f3bcdULL;
constexpr std::uint64_t kTwo52 = 0x4330000000000000ULL;  // as the bits of a double: adding n < 2^52 gives 2^52 + n
constexpr std::uint64_t kTwo84 = 0x4530000000000000ULL;

inline double from_bits(std::uint64_t bits) {
  return std::bit_cast<double>(bits);
}

/// The nearest double. Spelt out because not every processor converts 64-bit words in vectors.
inline double to_double(std::uint64_t word) {
  const double high = from_bits((word >> 32) | kTwo84) - 0x1.00000001p84;  // less 2^84 and the 2^52 of the lower half
  return high + from_bits((word & 0xffffffffULL) | kTwo52);
}

inline double minus_two_log_inline(std::uint64_t word) {
  const double x = to_double(word | 1);
  // x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1).
  const std::uint64_t shifted = std::bit_cast<std::uint64_t>(x) + (kOne - kSquareRootOfHalf);
  const double e_minus_64 = from_bits((shifted >> 52) | kTwo52) - (0x1p52 + 1023 + 64);
  const double m = from_bits((shifted & kMantissa) + kSquareRootOfHalf);
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double p = 0x1.587a91d5b6650p-2;
  p = p * z + 0x1.732be74d27d6ap-2;
  p = p * z + 0x1.c72279e7b0f79p-2;
  p = p * z + 0x1.24924174a53abp-1;
  p = p * z + 0x1.999999a297e8ep-1;
  p = p * z + 0x1.5555555553954p+0;
  return e_minus_64 * -0x1.62e42fefa39efp+0 - s * (4.0 + z * p);
}

inline CosineSine cosine_sine_inline(std::uint64_t word) {
  // A pattern in [1, 2) less 3/2; its last bit is set so that t and -t are equally likely and 0 never comes.
  const double t = from_bits(((word << 2) >> 12) | kOne | 1) - 1.5;
  const double z = t * t;
  double p = 0x1.e403cf9de479dp-25;
  p = p * z - 0x1.e300a6582786cp-19;
  p = p * z + 0x1.5078301b6102ap-13;
  p = p * z - 0x1.32d2cce3332ddp-8;
  p = p * z + 0x1.466bc67758d85p-4;
  p = p * z - 0x1.4abbce625be47p-1;
  const double sine = t * (0x1.921fb54442d18p+0 + z * p);
  double q = 0x1.f3ef41133219ap-22;
  q = q * z - 0x1.a6ca009394bdfp-16;
  q = q * z + 0x1.e1f4fbfbfd9d0p-11;
  q = q * z - 0x1.55d3c7dcb5f50p-6;
  q = q * z + 0x1.03c1f081b14bep-2;
  q = q * z - 0x1.3bd3cc9be45a5p+0;
  const double cosine = 1.0 + z * q;

  // Quarters 1 and 3 swap the two; the cosine is negative in quarters 1 and 2, the sine in 2 and 3.
  const std::uint64_t swap = 0 - ((word >> 62) & 1);
  const std::uint64_t changed = (std::bit_cast<std::uint64_t>(sine) ^ std::bit_cast<std::uint64_t>(cosine)) & swap;
  const std::uint64_t sign = word & (std::uint64_t{1} << 63);
  const std::uint64_t cosine_sign = sign ^ ((word << 1) & (std::uint64_t{1} << 63));
  return {from_bits(std::bit_cast<std::uint64_t>(cosine) ^ changed ^ cosine_sign),
          from_bits(std::bit_cast<std::uint64_t>(sine) ^ changed ^ sign)};
}

constexpr std::size_t kPairs = 32;

}  // namespace

double minus_two_log(std::uint64_t word) {
  return minus_two_log_inline(word);
}

CosineSine cosine_sine(std::uint64_t word) {
  return cosine_sine_inline(word);
}

void box_muller(const std::uint64_t* words, double* normals, std::size_t count) {
  vectorised([=] {
    for (std::size_t block = 0; block < count; block += 2 * kPairs) {
      const std::uint64_t* __restrict radii = words + block;
      const std::uint64_t* __restrict angles = radii + kPairs;
      double* __restrict cosines = normals + block;
      double* __restrict sines = cosines + kPairs;
#pragma omp simd
      for (std::size_t i = 0; i < kPairs; ++i) {
        const double radius = std::sqrt(minus_two_log_inline(radii[i]));
        const CosineSine direction = cosine_sine_inline(angles[i]);
        cosines[i] = radius * direction.cosine;
        sines[i] = radius * direction.sine;
      }
    }
  });
}

}  // namespace dpml
