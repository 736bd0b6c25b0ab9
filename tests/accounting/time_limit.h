#pragma once

#include <ctime>

namespace dpml {

#if defined(__SANITIZE_ADDRESS__)
#define DPML_IS_SANITIZED 1
#elif defined(__has_feature)
#define DPML_IS_SANITIZED __has_feature(address_sanitizer)
#else
#define DPML_IS_SANITIZED 0
#endif

inline constexpr double kSlower = DPML_IS_SANITIZED ? 20 : 1;

#undef DPML_IS_SANITIZED

/// For any answer of an accountant, of one core (docs/accounting.md).
inline constexpr double kMostSecondsOfAnswer = 2 * kSlower;

inline double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace dpml
