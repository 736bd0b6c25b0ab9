#pragma once

// What most tests of accountants write often.

#include <limits>

#include "dpml/accounting/event.h"

namespace dpml {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr auto kAdd = Neighbours::add_or_remove_one;
inline constexpr auto kReplace = Neighbours::replace_one;
inline constexpr auto kZero = Neighbours::zero_out;

}  // namespace dpml
