#pragma once

#include <ctime>

namespace dpml {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr double kSlower = 20;
#else
inline constexpr double kSlower = 1;
#endif

/// For any answer of an accountant, of one core (docs/accounting.md).
inline constexpr double kMostSecondsOfAnswer = 2 * kSlower;

inline double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace dpml
