#pragma once

#include <cstdint>

namespace dpml {

/// Bytes that this process can use at most: the machine's memory, or what its control group or its limit of address
/// space leaves of it. Asked before much is taken, so that what cannot fit is refused in words.
std::uint64_t usable_memory();

}  // namespace dpml
