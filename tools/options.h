#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace dpml::tools {

/// Refuses empty values of all options and arguments of all commands: they are shell variables that were not set, not
/// wishes, and CLI11 would read an empty number as 0.
void refuse_empty_values(CLI::App& app);

/// What a whole number may be.
CLI::Validator whole_number(std::int64_t lower, std::int64_t upper);

/// What --threads may be.
CLI::Validator thread_count();

/// --threads of the commands that only use a model.
void add_threads_option(CLI::App& command, int& threads);

}  // namespace dpml::tools
