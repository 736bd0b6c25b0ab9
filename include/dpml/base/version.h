#pragma once

namespace dpml {

inline constexpr const char* kVersion = "0.1.0";  ///< as in CMakeLists.txt, which checks it

}  // namespace dpml
