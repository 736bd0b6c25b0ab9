#pragma once

#include <string_view>

namespace dpml {

/// Vector instructions that kernels are written for. `avx512` and `avx2` give the same bits everywhere in dpml; `plain`
/// has no fused multiply-add, so matrix products round differently there (docs/rounding.md).
enum class InstructionSet {
  plain,  ///< what every processor of the architecture has
  avx2,   ///< AVX2 and FMA
  avx512  ///< AVX-512 F, BW, DQ and VL
};

/// The widest set that this processor has, or the one that the environment variable DPML_INSTRUCTIONS names (avx512,
/// avx2 or plain; for tests). Decided once, by the first call. Throws ConfigError when the variable holds another word
/// or a set that this processor lacks.
InstructionSet instruction_set();

std::string_view to_text(InstructionSet set);  ///< "AVX-512", "AVX2", "no vector instructions that dpml knows"

}  // namespace dpml
