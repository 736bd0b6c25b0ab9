#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "dpml/accounting/ledger.h"

namespace dpml::tools {

/// A schedule of equal releases, as flags state it.
struct Schedule {
  double sampling_rate = 0;
  std::uint64_t steps = 0;
  double delta = 0;
  std::string accountant = "rdp";
  std::string neighbours = "add_or_remove_one";
};

void add_schedule_options(CLI::App& command, Schedule& schedule);

/// Poisson-sampled Gaussians; plain ones at sampling rate 1. Throws ConfigError naming the flag that is impossible.
Ledger ledger_of(const Schedule& schedule, double noise_multiplier);

}  // namespace dpml::tools
