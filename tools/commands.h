#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace dpml::tools {

/// What the chosen subcommand will do once the whole command line is read; its result is the exit code:
/// 0 done, 1 the answer is no, 130 interrupted. Bad input is thrown.
using Action = std::function<int()>;

void add_train_command(CLI::App& app, Action& action);
void add_eval_command(CLI::App& app, Action& action);
void add_predict_command(CLI::App& app, Action& action);
void add_export_command(CLI::App& app, Action& action);
void add_inspect_command(CLI::App& app, Action& action);
void add_check_command(CLI::App& app, Action& action);
void add_plan_command(CLI::App& app, Action& action);
void add_epsilon_command(CLI::App& app, Action& action);
void add_delta_command(CLI::App& app, Action& action);
void add_noise_command(CLI::App& app, Action& action);
void add_audit_command(CLI::App& app, Action& action);
void add_neighbours_command(CLI::App& app, Action& action);

}  // namespace dpml::tools
