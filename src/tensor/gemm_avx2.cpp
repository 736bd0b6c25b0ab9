#include <immintrin.h>

#include "gemm_own.h"

#define DPML_KERNEL_NAMESPACE avx2

namespace dpml::avx2 {

namespace {

using Vector = __m256;
constexpr Index kLanes = 8;
constexpr int kTileRows = 6;  // 12 sums, 2 vectors of B and a number of A in 16 registers

inline __m256i first(Index n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
}
inline Vector zero() {
  return _mm256_setzero_ps();
}
inline Vector all(float x) {
  return _mm256_set1_ps(x);
}
inline Vector load(const float* from) {
  return _mm256_loadu_ps(from);
}
inline Vector load_first(Index n, const float* from) {
  return _mm256_maskload_ps(from, first(n));
}
inline void store(float* to, Vector x) {
  _mm256_storeu_ps(to, x);
}
inline void store_first(Index n, float* to, Vector x) {
  _mm256_maskstore_ps(to, first(n), x);
}
inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Vector add(Vector a, Vector b) {
  return a + b;
}
inline Vector multiply(Vector a, Vector b) {
  return a * b;
}
inline Vector interleave_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline Vector interleave_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

}  // namespace

}  // namespace dpml::avx2

#include "gemm_kernel.h"
