#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/accounting/accountant.h"
#include "dpml/accounting/group.h"
#include "output.h"
#include "released.h"

// dpml delta: how likely is more than epsilon?

namespace dpml::tools {

namespace {

struct Request {
  Released released;
  double epsilon = 0;
  bool json = false;
};

int run(const Request& request) {
  const Spent composition = composition_of(request.released);
  const auto accountant = accountant_of(request.released);
  Bound delta = delta_bound_for_group(*accountant, composition.ledger, request.epsilon, request.released.group_size());
  delta.notes.insert(delta.notes.begin(), composition.notes.begin(), composition.notes.end());
  const std::string& name = request.released.accountant;
  const Neighbours neighbours = composition.ledger.neighbours();
  if (request.json) {
    print_json(json_delta(delta, request.epsilon, name, neighbours));
    return 0;
  }
  std::cout << delta_text(delta, request.epsilon, name, neighbours) << "\n" << ledger_text(composition.ledger);
  print_notes(delta.notes);
  return 0;
}

}  // namespace

void add_delta_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "delta",
      "How likely is it that a schedule, a file of events or finished runs reveal more than epsilon? The "
      "smallest delta that may be claimed, never below the truth");
  add_released_options(*command, request->released);
  command->add_option("--epsilon", request->epsilon, "0 or more; inf is allowed")->required();
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] { action = [request] { return run(*request); }; });
}

}  // namespace dpml::tools
