#pragma once

#include <optional>
#include <string>

#include "dpml/accounting/ledger.h"

namespace dpml::tools {

/// Reads the text form of a ledger from a file, or from standard input for "-". Throws ConfigError that begins with
/// file:line where the text is at fault, also when it is blank; FileError when the file cannot be read.
Ledger read_events(const std::string& path, std::optional<Neighbours> neighbours);

}  // namespace dpml::tools
