#pragma once

#include <string>
#include <string_view>

namespace dpml {

/// Text as it may stand between tags of XML and in quoted attributes. Control characters, which XML cannot hold, are
/// spelled out as printable does.
std::string xml_text(std::string_view text);

}  // namespace dpml
