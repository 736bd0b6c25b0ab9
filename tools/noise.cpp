#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/accounting/accountant.h"
#include "dpml/accounting/calibration.h"
#include "dpml/base/text.h"
#include "output.h"
#include "schedule.h"

// dpml noise: how much noise does a guarantee need?

namespace dpml::tools {

void add_noise_command(CLI::App& app, Action& action) {
  struct Request {
    Schedule schedule;
    double epsilon = 0;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "noise", "How much noise does a guarantee need? The smallest noise multiplier that never exceeds the target");
  command->add_option("--epsilon", request->epsilon, "target, above 0")->required();
  add_schedule_options(*command, request->schedule);
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] {
    action = [request] {
      const auto accountant = make_accountant(request->schedule.accountant);
      const auto schedule = [&](double noise_multiplier) { return ledger_of(request->schedule, noise_multiplier); };
      const double noise = calibrate_noise_multiplier(*accountant, request->epsilon, request->schedule.delta, schedule);
      const Guarantee guarantee = accountant->guarantee(schedule(noise), request->schedule.delta);
      if (request->json) {
        Json json = json_guarantee(guarantee);
        json["noise_multiplier"] = noise;
        print_json(json);
      } else {
        std::cout << "noise multiplier " << to_text(noise) << " gives " << guarantee_text(guarantee) << "\n";
      }
      return 0;
    };
  });
}

}  // namespace dpml::tools
