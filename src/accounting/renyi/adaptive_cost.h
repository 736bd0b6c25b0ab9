#pragma once

#include <cstdint>
#include <string>

#include "composed_curve.h"

namespace dpml::renyi {

/// The curve of `count` events, for sums over adaptively chosen ones: UnsupportedEvent when they bring a delta along,
/// which such a sum has no place for. `who` begins the message.
ComposedCurve adaptive_curve(const std::string& who, const Event& event, std::uint64_t count, Neighbours neighbours);

[[noreturn]] void refuse_own_delta(const std::string& who, const Event& event);

}  // namespace dpml::renyi
