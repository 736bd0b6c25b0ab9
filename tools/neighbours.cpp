#include "dpml/audit/neighbours.h"

#include <iomanip>
#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/text.h"
#include "output.h"

// dpml neighbours: does this build keep the promise that every epsilon rests on?

namespace dpml::tools {

namespace {

Json json_of(const NeighbourTrial& trial) {
  return {{"model", trial.model},
          {"records", trial.records},
          {"rows", trial.rows},
          {"moved", json_number(trial.moved)},
          {"holds", trial.holds()}};
}

void print_trial(const NeighbourTrial& trial) {
  std::cout << (trial.holds() ? "ok      " : "FAILED  ") << std::fixed << std::setprecision(7) << trial.moved << "  "
            << trial.rows << " rows  " << trial.model << "; " << trial.records << "\n";
}

int run(const NeighbourOptions& options, bool verbose, bool json) {
  Json trials = Json::array();
  const NeighbourReport report = test_neighbours(options, [&](const NeighbourTrial& trial) {
    if (json && verbose) trials.push_back(json_of(trial));
    if (!json && (verbose || !trial.holds())) print_trial(trial);
  });
  if (json) {
    Json answer = {{"passed", report.failed == 0},
                   {"trials", report.trials},
                   {"failed", report.failed},
                   {"worst", json_of(report.worst)}};
    if (verbose) answer["all"] = trials;
    print_json(answer);
  } else {
    std::cout << report.trials << " pairs of data sets that differ by one record: their clipped sums lie at most "
              << std::fixed << std::setprecision(7) << report.worst.moved << " clip bounds apart (1 is allowed)\n"
              << (report.failed == 0 ? "PASSED"
                                     : "FAILED: " + std::to_string(report.failed) + " pairs lie further apart")
              << "\n";
  }
  return report.failed == 0 ? 0 : 1;
}

}  // namespace

void add_neighbours_command(CLI::App& app, Action& action) {
  struct Request {
    NeighbourOptions options;
    bool verbose = false;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "neighbours",
      "Does one record more or less move the sum of clipped gradients by at most the clip bound? Trains random models "
      "on\n"
      "records made to break it, with this build on this processor; exit code 1 when it does not hold");
  command->add_option("--trials", request->options.trials, "pairs of data sets to try")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", request->options.seed, "other models and records for another number")
      ->capture_default_str();
  command->add_flag("--verbose", request->verbose, "a line for every pair");
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback(
      [request, &action] { action = [request] { return run(request->options, request->verbose, request->json); }; });
}

}  // namespace dpml::tools
