#include "dpml/base/instruction_set.h"

#include <cstdlib>
#include <string>

#include "dpml/base/error.h"

namespace dpml {

namespace {

InstructionSet widest() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return InstructionSet::avx512;
  }
  if (has_avx2) return InstructionSet::avx2;
#endif
  return InstructionSet::plain;
}

InstructionSet chosen() {
  const InstructionSet available = widest();
  const char* wish = std::getenv("DPML_INSTRUCTIONS");
  if (wish == nullptr || *wish == '\0') return available;
  const std::string word = wish;
  InstructionSet set = InstructionSet::plain;
  if (word == "avx512") {
    set = InstructionSet::avx512;
  } else if (word == "avx2") {
    set = InstructionSet::avx2;
  } else if (word != "plain") {
    throw ConfigError("DPML_INSTRUCTIONS is \"" + word + "\", expected avx512, avx2 or plain, or no such variable");
  }
  if (set > available) {
    throw ConfigError("DPML_INSTRUCTIONS asks for " + word + ", but this processor has " +
                      std::string(to_text(available)) + " at most");
  }
  return set;
}

}  // namespace

InstructionSet instruction_set() {
  static const InstructionSet set = chosen();
  return set;
}

std::string_view to_text(InstructionSet set) {
  switch (set) {
    case InstructionSet::plain:
      return "no vector instructions that dpml knows";
    case InstructionSet::avx2:
      return "AVX2";
    case InstructionSet::avx512:
      return "AVX-512";
  }
  throw InternalError("an instruction set without a name");
}

}  // namespace dpml
