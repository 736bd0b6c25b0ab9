#pragma once

#include <string>

namespace dpml {

/// What messages call a layer inside another one: "block.0", or "0" inside one without a name.
inline std::string path_of(const std::string& parent, const std::string& child) {
  return parent.empty() ? child : parent + "." + child;
}

}  // namespace dpml
