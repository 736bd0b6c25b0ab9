#include "dpml/tensor/gemm.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/instruction_set.h"
#include "dpml/tensor/tensor.h"
#include "gemm_library.h"
#include "gemm_own.h"

namespace dpml {

namespace {

struct Kernel {
  void (*multiply)(const MatrixProduct&, float*);
  Index (*room_for)(const MatrixProduct&);
};

Kernel kernel_for(InstructionSet set) {
  switch (set) {
#if defined(__x86_64__)
    case InstructionSet::avx512:
      return {avx512::multiply, avx512::room_for};
    case InstructionSet::avx2:
      return {avx2::multiply, avx2::room_for};
#else
    case InstructionSet::avx512:
    case InstructionSet::avx2:
#endif
    case InstructionSet::plain:
      break;
  }
  return {plain::multiply, plain::room_for};
}

/// One link of a chain, as the rule of bits has it.
float link(InstructionSet set, float a, float b, float c) {
  return set == InstructionSet::plain ? a * b + c : std::fma(a, b, c);
}

/// A product whose tiles, panels and remainders are all used, against the rule of bits. A compiler that contracts what
/// it should not, or does not contract what it should, would break the guarantee without anybody seeing it.
void require_rule(const Kernel& kernel, InstructionSet set) {
  constexpr Index kM = 15;
  constexpr Index kN = 37;
  constexpr Index kK = 19;
  std::vector<float> a(kM * kK);
  std::vector<float> b(kN * kK);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = 1 + static_cast<float>(i * 7919 % 1009) / 3;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = 1 - static_cast<float>(i * 104729 % 997) / 7;
  std::vector<float> c(kM * kN);
  const MatrixProduct product{kM, kN, kK, {a.data(), kK}, {b.data(), kK, Transpose::yes}, c.data(), kN};
  std::vector<float> room(static_cast<std::size_t>(kernel.room_for(product)));
  kernel.multiply(product, room.data());
  for (Index i = 0; i < kM; ++i) {
    for (Index j = 0; j < kN; ++j) {
      float sum = 0;
      for (Index q = 0; q < kK; ++q) {
        sum = link(set, a[static_cast<std::size_t>(i * kK + q)], b[static_cast<std::size_t>(j * kK + q)], sum);
      }
      if (c[static_cast<std::size_t>(i * kN + j)] != sum) {
        throw InternalError("matrix products for " + std::string(to_text(set)) +
                            " do not keep the order of rounding that the guarantee rests on");
      }
    }
  }
}

const Kernel& kernel() {
  static const Kernel chosen = [] {
    const InstructionSet set = instruction_set();
    const Kernel kernel = kernel_for(set);
    require_rule(kernel, set);
    return kernel;
  }();
  return chosen;
}

void multiply_straight(const MatrixProduct& p) {
  const Kernel& own = kernel();
  Tensor room(Shape{own.room_for(p)});
  own.multiply(p, room.mutable_data());
}

/// C of few columns as C^T of few rows, which fills vectors: C^T = op(B)^T op(A)^T.
void multiply_turned(const MatrixProduct& p) {
  const auto other = [](Transpose t) { return t == Transpose::no ? Transpose::yes : Transpose::no; };
  Tensor turned(Shape{p.n, p.m});
  float* t = turned.mutable_data();
  for (Index i = 0; p.result != GemmResult::replaces && i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) t[j * p.m + i] = p.c[i * p.ldc + j];
  }
  MatrixProduct q = p;
  std::swap(q.m, q.n);
  q.a = {p.b.numbers, p.b.row_distance, other(p.b.transpose)};
  q.b = {p.a.numbers, p.a.row_distance, other(p.a.transpose)};
  q.c = t;
  q.ldc = p.m;
  multiply_straight(q);
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) p.c[i * p.ldc + j] = t[j * p.m + i];
  }
}

void multiply_own(const MatrixProduct& p) {
  constexpr Index kFewColumns = 4;
  if (p.n <= kFewColumns && p.m > p.n) {
    multiply_turned(p);
  } else {
    multiply_straight(p);
  }
}

void clear(const MatrixProduct& p) {
  for (Index i = 0; i < p.m; ++i) std::fill_n(p.c + i * p.ldc, p.n, 0.0F);
}

}  // namespace

void gemm(const MatrixProduct& p, Products by) {
  DPML_ASSERT(p.m >= 0 && p.n >= 0 && p.k >= 0);
  DPML_ASSERT(p.a.row_distance >= (p.a.transpose == Transpose::no ? p.k : p.m));
  DPML_ASSERT(p.b.row_distance >= (p.b.transpose == Transpose::no ? p.n : p.k));
  DPML_ASSERT(p.ldc >= p.n);
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) {
    if (p.result == GemmResult::replaces) clear(p);
    return;
  }
  switch (by) {
    case Products::own:
      return multiply_own(p);
    case Products::library:
#if defined(DPML_LIBRARY)
      return DPML_LIBRARY::multiply(p);
#else
      return multiply_own(p);
#endif
  }
}

std::string gemm_description(Products by) {
#if defined(DPML_LIBRARY)
  if (by == Products::library) return DPML_LIBRARY::description();
#else
  static_cast<void>(by);
#endif
  return "dpml's own (" + std::string(to_text(instruction_set())) + ")";
}

}  // namespace dpml
