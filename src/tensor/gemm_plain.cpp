#include "gemm_own.h"

#define DPML_KERNEL_NAMESPACE plain

namespace dpml::plain {

namespace {

// Four lanes: what every x86-64 and ARM processor has. Compilers spell them out elsewhere.
using Vector [[gnu::vector_size(16)]] = float;
constexpr Index kLanes = 4;
constexpr int kTileRows = 6;

inline Vector zero() {
  return Vector{};
}
inline Vector all(float x) {
  return Vector{x, x, x, x};
}
inline Vector load(const float* from) {
  return Vector{from[0], from[1], from[2], from[3]};
}
inline Vector load_first(Index n, const float* from) {
  return Vector{n > 0 ? from[0] : 0, n > 1 ? from[1] : 0, n > 2 ? from[2] : 0, n > 3 ? from[3] : 0};
}
inline void store(float* to, Vector x) {
  for (int l = 0; l < kLanes; ++l) to[l] = x[l];
}
inline void store_first(Index n, float* to, Vector x) {
  for (int l = 0; l < n; ++l) to[l] = x[l];
}
inline Vector add(Vector a, Vector b) {
  return a + b;
}
inline Vector multiply(Vector a, Vector b) {
  return a * b;
}
inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return a * b + c;  // two roundings: there is no instruction for one
}
inline Vector interleave_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
inline Vector interleave_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}

}  // namespace

}  // namespace dpml::plain

#include "gemm_kernel.h"
