#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/accounting/accountant.h"
#include "dpml/accounting/ledger.h"
#include "output.h"
#include "schedule.h"

// dpml epsilon: what does a schedule guarantee?

namespace dpml::tools {

void add_epsilon_command(CLI::App& app, Action& action) {
  struct Request {
    Schedule schedule;
    double noise_multiplier = 0;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "epsilon", "What does a schedule of sampled Gaussian releases guarantee? Never below the truth");
  add_schedule_options(*command, request->schedule);
  command->add_option("--noise-multiplier", request->noise_multiplier, "noise stddev / clip bound, 0 or more")
      ->required();
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] {
    action = [request] {
      const Ledger ledger = ledger_of(request->schedule, request->noise_multiplier);
      const Guarantee guarantee =
          make_accountant(request->schedule.accountant)->guarantee(ledger, request->schedule.delta);
      if (request->json) {
        Json json = json_guarantee(guarantee);
        json["noise_multiplier"] = request->noise_multiplier;
        print_json(json);
      } else {
        std::cout << guarantee_text(guarantee) << "\n";
      }
      return 0;
    };
  });
}

}  // namespace dpml::tools
