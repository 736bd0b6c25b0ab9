#pragma once

#include <variant>

namespace dpml {

/// Training by one process, which has all rows.
struct SingleProcess {};

/// The processes that train together, each on rows of its own; a closed set. Their sums become one after the lanes of
/// each were added up and before there is noise, which is drawn once for all of them. Sums lie on a grid there, so that
/// adding them up is exact in any order.
using Communicator = std::variant<SingleProcess>;

}  // namespace dpml
