#include "dpml/tensor/vector_math.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

// Every function of one number is a straight line of additions, multiplications, divisions and selections, so that
// compilers vectorise the loops. Nothing is contracted to fused multiply-adds, so the bits are the same in the body of
// a loop, in its tail, and on every processor.
//
// Polynomials and fractions: least relative error on their interval (Remez, Lawson) in 50 digits, rounded to float.

namespace dpml {

namespace {

constexpr std::uint32_t kSign = 0x80000000U;
// Adding it to |x| < 2^22 rounds x to an integer, which then stands in the lowest bits.
constexpr float kRounder = 0x1.8p23F;
constexpr float kLog2E = 0x1.715476p+0F;
constexpr float kLn2High = 0x1.62e4p-1F;  // 15 bits: its product with an exponent is exact
constexpr float kLn2Low = 0x1.7f7d1cp-20F;

inline std::uint32_t bits_of(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
inline float from_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}
inline float magnitude(float x) {
  return from_bits(bits_of(x) & ~kSign);
}
// Written so that NaN stays NaN.
inline float at_most(float x, float limit) {
  return x > limit ? limit : x;
}
inline float at_least(float x, float limit) {
  return x < limit ? limit : x;
}

/// 2^n for n in [-126, 127].
inline float power_of_two(std::int32_t n) {
  return from_bits(static_cast<std::uint32_t>(n + 127) << 23);
}

/// e^x = 2^n (1 + rest).
struct SplitExponential {
  std::int32_t n;
  float rest;
};

/// For x + correction, |correction| < 0.11.
inline SplitExponential split_exponential(float x, float correction) {
  const float shifted = x * kLog2E + kRounder;
  const float n = shifted - kRounder;
  const float r = ((x - n * kLn2High) - n * kLn2Low) + correction;  // in [-0.46, 0.46]
  float p = 0x1.587216p-10F;
  p = p * r + 0x1.124feep-7F;
  p = p * r + 0x1.5572b6p-5F;
  p = p * r + 0x1.55546ep-3F;
  p = p * r + 0x1.ffffdcp-2F;
  const auto exponent = static_cast<std::int32_t>(bits_of(shifted) - bits_of(kRounder));
  return {exponent, r + (r * r) * p};
}

/// factor e^(x + correction) for x in [-125, 90] or NaN. The power of two comes last, so that a small result is rounded
/// once, and in two parts, as 2^128 and 2^-149 are no numbers to multiply by.
inline float times_exponential(float factor, float x, float correction) {
  const SplitExponential e = split_exponential(x, correction);
  const std::int32_t half = e.n >> 1;
  return ((factor + factor * e.rest) * power_of_two(half)) * power_of_two(e.n - half);
}

inline float exp_of(float x) {
  return times_exponential(1.0F, at_least(at_most(x, 89.0F), -104.0F), 0.0F);
}

inline float tanh_of(float x) {
  const float a = at_most(magnitude(x), 10.0F);  // tanh(10) rounds to 1
  const SplitExponential e = split_exponential(-2.0F * a, 0.0F);
  const float scale = power_of_two(e.n);
  const float t = (1.0F - scale) - scale * e.rest;  // 1 - e^(-2a), also right where it is small
  const float y = t / (2.0F - t);
  return from_bits(bits_of(y) | (bits_of(x) & kSign));
}

inline float sigmoid_of(float x) {
  const float e = times_exponential(1.0F, -at_most(magnitude(x), 104.0F), 0.0F);
  return (x >= 0.0F ? 1.0F : e) / (1.0F + e);
}

/// factor e^(-a^2 / 2) for a in [0, 15] or NaN.
inline float times_bell(float factor, float a) {
  // The exponential is right only if a^2 is: the square of the upper half of a has no rounding error.
  const float high = from_bits(bits_of(a) & 0xfffff000U);
  const float low = a - high;
  return times_exponential(factor, -0.5F * (high * high), -0.5F * (low * (a + high)));
}

/// Phi(-a) e^(a^2 / 2) for a in [0, 15] or NaN.
inline float tail_over_bell(float a) {
  float p = 0x1.102d9cp-8F;
  p = p * a + 0x1.4ee450p-5F;
  p = p * a + 0x1.78c3a4p-3F;
  p = p * a + 0x1.c1d2c0p-2F;
  p = p * a + 0.5F;
  float q = 0x1.551f00p-7F;
  q = q * a + 0x1.a3bff0p-4F;
  q = q * a + 0x1.e2b76ap-2F;
  q = q * a + 0x1.349e38p+0F;
  q = q * a + 0x1.ad2b92p+0F;
  q = q * a + 1.0F;
  return p / q;
}

// Phi(x) is 1 - Phi(-a) or Phi(-a), a = |x|; beyond 15 the tail is 0.
inline float gelu_of(float x) {
  const float a = at_most(magnitude(x), 15.0F);
  return (x > 0.0F ? x : 0.0F) - times_bell(a * tail_over_bell(a), a);
}

inline float gelu_slope(float x) {
  const float a = at_most(magnitude(x), 15.0F);
  const float tail = times_bell(tail_over_bell(a) - a * 0x1.988454p-2F, a);  // phi(a) = e^(-a^2 / 2) / sqrt(2 pi)
  return x > 0.0F ? 1.0F - tail : tail;
}

/// e^x - 1 for x <= 0 or NaN.
inline float exp_minus_one_of(float x) {
  const SplitExponential e = split_exponential(at_least(x, -20.0F), 0.0F);  // below, it rounds to -1
  const float scale = power_of_two(e.n);
  return (scale - 1.0F) + scale * e.rest;
}

/// log(1 + u) for u in [0, 1] or NaN: 2 artanh(u / (2 + u)), whose series has powers of at most 1 / 9 left.
inline float log_one_plus(float u) {
  const float s = u / (2.0F + u);
  const float square = s * s;
  float p = 1.0F / 15;
  p = p * square + 1.0F / 13;
  p = p * square + 1.0F / 11;
  p = p * square + 1.0F / 9;
  p = p * square + 1.0F / 7;
  p = p * square + 1.0F / 5;
  p = p * square + 1.0F / 3;
  return 2.0F * (s + s * (square * p));
}

inline float silu_of(float x) {
  const float above = at_least(x, -125.0F);  // below, it rounds to 0
  const float e = times_exponential(1.0F, -at_most(magnitude(above), 104.0F), 0.0F);
  const float lower = times_exponential(above, at_most(above, 0.0F), 0.0F);  // x e^x, rounded once where it is small
  return (x >= 0.0F ? x : lower) / (1.0F + e);
}

inline float silu_slope(float x) {
  const float a = at_least(at_most(x, 104.0F), -104.0F);
  const float s = sigmoid_of(a);
  return s * (1.0F + a * sigmoid_of(-a));
}

template <class Function>
void apply(std::span<const float> x, std::span<float> y, Function function) {
  DPML_ASSERT(x.size() == y.size());
  const float* from = x.data();
  float* to = y.data();
  const std::size_t size = y.size();
  vectorised([=] {
#pragma omp simd
    for (std::size_t i = 0; i < size; ++i) to[i] = function(from[i]);
  });
}

/// dx = dy * slope(x).
template <class Slope>
void apply_slope(std::span<const float> x, std::span<const float> dy, std::span<float> dx, Slope slope) {
  DPML_ASSERT(x.size() == dx.size() && dy.size() == dx.size());
  const float* from = x.data();
  const float* factor = dy.data();
  float* to = dx.data();
  const std::size_t size = dx.size();
  vectorised([=] {
#pragma omp simd
    for (std::size_t i = 0; i < size; ++i) to[i] = factor[i] * slope(from[i]);
  });
}

inline float tanh_slope(float y) {
  return 1.0F - y * y;
}
inline float sigmoid_slope(float y) {
  return y * (1.0F - y);
}

}  // namespace

void exp_values(std::span<const float> x, std::span<float> y) {
  apply(x, y, [](float a) { return exp_of(a); });
}
void tanh_values(std::span<const float> x, std::span<float> y) {
  apply(x, y, [](float a) { return tanh_of(a); });
}
void sigmoid_values(std::span<const float> x, std::span<float> y) {
  apply(x, y, [](float a) { return sigmoid_of(a); });
}
void gelu_values(std::span<const float> x, std::span<float> y) {
  apply(x, y, [](float a) { return gelu_of(a); });
}
void silu_values(std::span<const float> x, std::span<float> y) {
  apply(x, y, [](float a) { return silu_of(a); });
}
void elu_values(std::span<const float> x, float alpha, float scale, std::span<float> y) {
  apply(x, y, [=](float a) { return scale * (a > 0.0F ? a : alpha * exp_minus_one_of(at_most(a, 0.0F))); });
}
void softplus_values(std::span<const float> x, float beta, float threshold, std::span<float> y) {
  apply(x, y, [=](float a) {
    const float scaled = beta * a;
    const float above_line = log_one_plus(exp_of(-magnitude(scaled))) / beta;
    return scaled > threshold ? a : at_least(a, 0.0F) + above_line;
  });
}

void tanh_gradients(std::span<const float> y, std::span<const float> dy, std::span<float> dx) {
  apply_slope(y, dy, dx, [](float a) { return tanh_slope(a); });
}
void sigmoid_gradients(std::span<const float> y, std::span<const float> dy, std::span<float> dx) {
  apply_slope(y, dy, dx, [](float a) { return sigmoid_slope(a); });
}
void gelu_gradients(std::span<const float> x, std::span<const float> dy, std::span<float> dx) {
  apply_slope(x, dy, dx, [](float a) { return gelu_slope(a); });
}
void silu_gradients(std::span<const float> x, std::span<const float> dy, std::span<float> dx) {
  apply_slope(x, dy, dx, [](float a) { return silu_slope(a); });
}
void elu_gradients(std::span<const float> x, std::span<const float> dy, float alpha, float scale, std::span<float> dx) {
  apply_slope(x, dy, dx, [=](float a) { return scale * (a > 0.0F ? 1.0F : alpha * exp_of(a)); });
}
void softplus_gradients(std::span<const float> x, std::span<const float> dy, float beta, float threshold,
                        std::span<float> dx) {
  apply_slope(x, dy, dx, [=](float a) { return beta * a > threshold ? 1.0F : sigmoid_of(beta * a); });
}

}  // namespace dpml
