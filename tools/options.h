#pragma once

#include <CLI/CLI.hpp>

namespace dpml::tools {

/// For names of files and folders: an empty one is a shell variable that was not set, not a wish.
extern const CLI::Validator kNotEmpty;

/// --threads of the commands that only use a model.
void add_threads_option(CLI::App& command, int& threads);

/// What --threads may be.
CLI::Validator thread_count();

}  // namespace dpml::tools
