#include "schedule.h"

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/event.h"
#include "dpml/base/error.h"

namespace dpml::tools {

void add_schedule_options(CLI::App& command, Schedule& schedule) {
  command
      .add_option("--sampling-rate", schedule.sampling_rate, "chance that a sample joins a batch (Poisson), in (0, 1]")
      ->required();
  command.add_option("--steps", schedule.steps, "number of releases")
      ->required()
      ->check(CLI::Range(0.0, 1e15, "0 or more"));  // -5 would be read as 2^64 - 5, and 10^30 as 2^64 - 1
  command
      .add_option("--delta", schedule.delta, "failure probability, in [0, 1), well below one over the number of people")
      ->required();
  command.add_option("--accountant", schedule.accountant, "method")
      ->check(CLI::IsMember(accountant_names()))
      ->capture_default_str();
  command
      .add_option("--neighbours", schedule.neighbours,
                  "which datasets count as adjacent: add_or_remove_one, replace_one or zero_out")
      ->capture_default_str();
}

Ledger ledger_of(const Schedule& schedule, double noise_multiplier) {
  if (!(noise_multiplier >= 0)) throw ConfigError("--noise-multiplier: expected a number, 0 or more");
  if (!(schedule.sampling_rate > 0 && schedule.sampling_rate <= 1)) {
    throw ConfigError("--sampling-rate: expected a probability in (0, 1]");
  }
  Ledger ledger(parse_neighbours(schedule.neighbours));
  const Event gaussian = Gaussian{noise_multiplier};
  ledger.append(schedule.sampling_rate == 1 ? gaussian : Event(PoissonSampled{schedule.sampling_rate, gaussian}),
                schedule.steps);
  return ledger;
}

}  // namespace dpml::tools
