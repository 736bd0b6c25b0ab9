#include <immintrin.h>

#include "gemm_own.h"

#define DPML_KERNEL_NAMESPACE avx512

namespace dpml::avx512 {

namespace {

using Vector = __m512;
constexpr Index kLanes = 16;
constexpr int kTileRows = 12;  // 24 sums, 2 vectors of B and a number of A in 32 registers

inline __mmask16 first(Index n) {
  return static_cast<__mmask16>((1U << n) - 1U);
}
inline Vector zero() {
  return _mm512_setzero_ps();
}
inline Vector all(float x) {
  return _mm512_set1_ps(x);
}
inline Vector load(const float* from) {
  return _mm512_loadu_ps(from);
}
inline Vector load_first(Index n, const float* from) {
  return _mm512_maskz_loadu_ps(first(n), from);
}
inline void store(float* to, Vector x) {
  _mm512_storeu_ps(to, x);
}
inline void store_first(Index n, float* to, Vector x) {
  _mm512_mask_storeu_ps(to, first(n), x);
}
inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Vector add(Vector a, Vector b) {
  return a + b;
}
inline Vector multiply(Vector a, Vector b) {
  return a * b;
}
inline Vector interleave_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Vector interleave_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

}  // namespace

}  // namespace dpml::avx512

#include "gemm_kernel.h"
