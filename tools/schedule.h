#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "dpml/accounting/schedule.h"

namespace dpml::tools {

/// The flag of a field: "--sampling-rate".
std::string flag_of(std::string_view field);

/// Flags for all of a schedule. Their checks are made when it is used, since a --phase may replace them.
void add_schedule_options(CLI::App& command, Schedule& schedule);

/// `general` with what a phase states otherwise: "sampling_rate=0.01 noise_multiplier=1 steps=1000", the flags' names
/// without dashes. Throws ConfigError naming the word that is not understood.
Schedule phase_of(const Schedule& general, const std::string& phase);

}  // namespace dpml::tools
