#include <cmath>
#include <iostream>
#include <map>
#include <memory>

#include "commands.h"
#include "dpml/accounting/accountant.h"
#include "dpml/accounting/calibration.h"
#include "dpml/accounting/group.h"
#include "dpml/accounting/last_answers.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "output.h"
#include "released.h"

// dpml noise: which noise, or which other number of a schedule, does a guarantee need?

namespace dpml::tools {

namespace {

struct Request {
  Released released;
  double epsilon = 0;
  std::optional<double> delta;
  std::string solve = "noise";
  bool json = false;
};

/// What --solve may name: the number of a schedule, its flag, and how it is called in an answer.
struct Unknown {
  std::optional<double> Schedule::*field;
  std::string flag;
  std::string key;
  std::string words;
};

const std::map<std::string, Unknown>& unknowns() {
  static const std::map<std::string, Unknown> all = {
      {"noise", {&Schedule::noise_multiplier, "--noise-multiplier", "noise_multiplier", "noise multiplier"}},
      {"steps", {&Schedule::steps, "--steps", "steps", "steps"}},
      {"epochs", {&Schedule::epochs, "--epochs", "epochs", "epochs"}},
      {"sampling-rate", {&Schedule::sampling_rate, "--sampling-rate", "sampling_rate", "sampling rate"}},
      {"batch-size", {&Schedule::batch_size, "--batch-size", "batch_size", "batch size"}},
  };
  return all;
}

void check_flags(const Request& request, const Unknown& unknown) {
  const Schedule& schedule = request.released.schedule;
  const std::string asked = "--solve " + request.solve;
  if (schedule.*unknown.field) {
    throw ConfigError(unknown.flag + " is stated, but " + asked +
                      " asks for it; leave it out, or solve for another one");
  }
  if (!request.delta) throw ConfigError("--delta is not stated: how often the guarantee may fail; or --solve delta");
  if (request.solve == "steps" && schedule.epochs) throw ConfigError("--epochs: " + asked + " asks for the length");
  if (request.solve == "epochs" && schedule.steps) throw ConfigError("--steps: " + asked + " asks for the length");
  if (request.solve == "sampling-rate" && (schedule.sampler != Sampling::poisson || schedule.batch_size)) {
    throw ConfigError(asked + " is for --sampler poisson without --batch-size; --solve batch-size is for the others");
  }
  if (request.solve == "batch-size" && !schedule.dataset_size) {
    throw ConfigError("--dataset-size is not stated: " + asked + " needs it, since a rate follows from both sizes");
  }
  if ((request.solve == "batch-size" || request.solve == "sampling-rate") && schedule.epochs &&
      (schedule.sampler == Sampling::poisson || schedule.sampler == Sampling::without_replacement)) {
    throw ConfigError("--epochs: with another batch size the number of steps is another, too; state --steps for " +
                      asked);
  }
}

/// The largest count to search: one more could not be counted.
std::uint64_t most_of(const Request& request) {
  const Schedule& schedule = request.released.schedule;
  if (request.solve == "batch-size") return static_cast<std::uint64_t>(std::max(1.0, *schedule.dataset_size));
  if (request.solve == "steps" || !schedule.sampling_rate) return std::uint64_t{1} << 40;
  return static_cast<std::uint64_t>(std::max(1.0, std::floor(*schedule.sampling_rate * 0x1p40)));
}

int answer(const Request& request, const Unknown& unknown, double value, Guarantee guarantee,
           const std::vector<std::string>& notes) {
  guarantee.notes.insert(guarantee.notes.begin(), notes.begin(), notes.end());
  const bool is_impossible = value == 0;
  if (request.json) {
    Json json = json_guarantee(guarantee);
    json[unknown.key] = value;
    print_json(json);
  } else if (is_impossible) {
    std::cout << unknown.words << " 0: a single one would exceed epsilon " << to_text(request.epsilon) << "\n";
  } else {
    std::cout << unknown.words << " " << to_text(value) << " gives " << guarantee_text(guarantee)
              << lower_bound_text("epsilon", guarantee.epsilon_lower) << "\n";
    print_notes(guarantee.notes);
  }
  return is_impossible ? 1 : 0;
}

int solve_for_delta(const Request& request, const Accountant& accountant) {
  if (request.delta) throw ConfigError("--delta is stated, but --solve delta asks for it; leave it out");
  const Spent composition = composition_of(request.released);
  const Ledger ledger = ledger_for_group(composition.ledger, request.released.group_size());
  calibrate_delta(accountant, request.epsilon, ledger);  // refuses where there is none below 1
  Bound delta = accountant.delta_bound(ledger, request.epsilon);
  delta.notes.insert(delta.notes.begin(), composition.notes.begin(), composition.notes.end());
  const std::string& name = request.released.accountant;
  if (request.json) {
    print_json(json_delta(delta, request.epsilon, name, ledger.neighbours()));
    return 0;
  }
  std::cout << delta_text(delta, request.epsilon, name, ledger.neighbours()) << "\n";
  print_notes(delta.notes);
  return 0;
}

int run(const Request& request) {
  const auto searched = accountant_of(request.released);
  const LastAnswers accountant(*searched);
  if (request.solve == "delta") return solve_for_delta(request, accountant);
  const Unknown& unknown = unknowns().at(request.solve);
  check_flags(request, unknown);
  const Spent spent = spent_before(request.released);
  const auto schedule = [&](double value) {
    Released released = request.released;
    released.schedule.*unknown.field = value;
    return ledger_for_group(with_schedule(spent.ledger, released), released.group_size());
  };
  const auto counted = [&](std::uint64_t count) {
    return count == 0 ? ledger_for_group(spent.ledger, request.released.group_size())
                      : schedule(static_cast<double>(count));
  };
  schedule(1);  // what else is missing is told before the search
  double value = 0;
  Ledger whole(spent.ledger.neighbours());
  if (request.solve == "noise") {
    value = calibrate_noise_multiplier(accountant, request.epsilon, *request.delta, schedule);
    whole = schedule(value);
  } else if (request.solve == "sampling-rate") {
    value = calibrate_sampling_rate(accountant, request.epsilon, *request.delta, schedule);
    whole = schedule(value);
  } else {
    const std::uint64_t count = calibrate_count(accountant, request.epsilon, *request.delta, most_of(request), counted);
    value = static_cast<double>(count);
    whole = counted(count);
  }
  return answer(request, unknown, value, accountant.guarantee(whole, *request.delta), spent.notes);
}

}  // namespace

void add_noise_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "noise",
      "How much noise does a guarantee need? The smallest noise multiplier that never exceeds the target; or, by "
      "--solve, the largest number of steps or epochs, sampling rate or batch size, or the smallest delta. What "
      "--events "
      "and --ledger name was spent before");
  command->add_option("--epsilon", request->epsilon, "target, above 0")->required();
  command->add_option("--delta", request->delta,
                      "failure probability, above 0 and below 1, well below one over the number of people");
  command
      ->add_option("--solve", request->solve,
                   "noise, steps, epochs, sampling-rate, batch-size or delta: which one is asked")
      ->check(CLI::IsMember({"noise", "steps", "epochs", "sampling-rate", "batch-size", "delta"}))
      ->capture_default_str()
      ->type_name("NAME");
  add_released_options(*command, request->released);
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] { action = [request] { return run(*request); }; });
}

}  // namespace dpml::tools
