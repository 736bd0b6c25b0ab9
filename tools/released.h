#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/ledger.h"
#include "dpml/audit/spent.h"
#include "schedule.h"

namespace dpml::tools {

/// What was, or will be, released, as flags state it: any of finished runs, events in a file, a schedule. All of it
/// together is accounted.
struct Released {
  std::vector<std::string> runs;
  std::string events;
  Schedule schedule;
  std::vector<std::string> phases;
  std::optional<std::string> neighbours;
  std::string accountant = "pld";
  std::optional<double> relative_gap;
  std::optional<std::uint64_t> group;
  std::optional<std::uint64_t> rows_per_user;

  bool has_schedule() const { return schedule.is_stated() || !phases.empty(); }
  /// How many units must be protected together.
  std::uint64_t group_size() const { return group.value_or(rows_per_user.value_or(1)); }
};

/// The files that --ledger and --events name.
std::vector<std::filesystem::path> files_read(const Released& released);

/// --ledger, --events, the schedule's flags, --phase, --accountant, --relative-gap, --neighbours, --group and
/// --rows-per-user.
void add_released_options(CLI::App& command, Released& released);

/// The accountant that is asked. ConfigError when --relative-gap is out of range, or the accountant has none.
std::unique_ptr<Accountant> accountant_of(const Released& released);

/// Runs and events; empty where there are none. Throws ConfigError when their neighbours differ, or units, or a text is
/// not understood (file:line:column); FileError when a file cannot be read or its parts do not belong together.
Spent spent_before(const Released& released);

/// The same, and the schedule or its phases. ConfigError when nothing at all is stated.
Spent composition_of(const Released& released);

/// Appends the schedule or its phases to what was spent.
Ledger with_schedule(const Ledger& spent, const Released& released);

}  // namespace dpml::tools
