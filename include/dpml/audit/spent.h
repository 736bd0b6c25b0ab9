#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"

namespace dpml {

/// A ledger, and the sentences that belong beside what is said about it.
struct Spent {
  Ledger ledger;
  std::vector<std::string> notes;
};

/// What finished runs on the same data spent together: nothing is lost, and a run that others carry along, or that is
/// named twice, counts once. `runs` are run folders or model.h5, one or more. Throws ConfigError when their units or
/// neighbours differ, FileError when a file cannot be read or its parts do not belong together.
Spent spent_together(const std::vector<std::filesystem::path>& runs);

/// Appends all of `part`. Throws ConfigError, which begins with `name`, the name of `part`, when the neighbours differ.
void append_ledger(const Ledger& part, const std::string& name, Ledger& whole);

}  // namespace dpml
