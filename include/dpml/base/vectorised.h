#pragma once

#include "dpml/base/instruction_set.h"

namespace dpml {

// Each compiles `body`, and all that can be inlined into it, for its instruction set.
#if defined(__x86_64__)
#if defined(__clang__)
#define DPML_TARGET_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#else
#define DPML_TARGET_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512"
#endif
template <class Body>
[[gnu::target(DPML_TARGET_AVX512), gnu::flatten, gnu::noinline]] void run_with_avx512(Body& body) {
  body();
}
template <class Body>
[[gnu::target("avx2,fma"), gnu::flatten, gnu::noinline]] void run_with_avx2(Body& body) {
  body();
}
#undef DPML_TARGET_AVX512
#endif

/// Runs `body`, a function of no arguments that holds a hot loop, compiled for the instructions of this processor. The
/// results keep their bits: dpml is compiled without contraction to fused multiply-adds, so a loop over numbers gives
/// the same for any width of vectors. Sums of many numbers do not (their order would follow the width): give them a
/// fixed number of partial sums, as in reductions.h, and no `omp simd reduction`.
template <class Body>
void vectorised(Body&& body) {
#if defined(__x86_64__)
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return run_with_avx512(body);
    case InstructionSet::avx2:
      return run_with_avx2(body);
    case InstructionSet::plain:
      break;
  }
#endif
  body();
}

}  // namespace dpml
