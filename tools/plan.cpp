#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/base/text.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/train/initial_model.h"
#include "dpml/train/run_memory.h"
#include "output.h"

// dpml plan: what will a config cost and guarantee?

namespace dpml::tools {

namespace {

Json json_of(const Experiment& experiment, const TrainingPlan& plan, const RunMemory& memory) {
  const PrivacyOptions& privacy = plan.options();
  Json json = json_guarantee(plan.guarantee());
  json["noise_multiplier"] = plan.noise_multiplier();
  json["noise_stddev"] = noise_stddev_of(plan.mechanism());
  json["clip_bound"] = json_number(privacy.clip_bound);
  json["steps"] = privacy.steps;
  json["sampling_rate"] = plan.sampler().sampling_rate();
  json["expected_batch_size"] = privacy.expected_batch_size;
  json["unit"] = printable(privacy.unit);
  json["initial_weights"] = to_text(*experiment.privacy.initial_weights);
  json["earlier_runs"] = privacy.earlier_runs.size();
  if (!plan.claims_of_others().empty()) json["claims_of_others"] = json_claims(plan.claims_of_others());
  json["parameters"] = memory.sizes.parameters;
  json["physical_batch"] = memory.layout.physical_batch;
  json["memory_bytes"] = memory.bytes;
  return json;
}

int print_plan(const std::string& path, const std::vector<std::string>& overrides, bool as_json) {
  const Experiment experiment = read_config_file(path, overrides);
  const RunMemory memory = run_memory(experiment);
  const TrainingPlan plan(with_earlier_runs(experiment));
  const PrivacyOptions& privacy = plan.options();
  if (as_json) {
    print_json(json_of(experiment, plan, memory));
    return 0;
  }
  print_rows({{"guarantee", guarantee_text(plan.guarantee())},
              {"unit", privacy.unit},
              {"noise multiplier", to_text(plan.noise_multiplier())},
              {"clip bound", to_text(privacy.clip_bound)},
              {"steps", group_digits(privacy.steps)},
              {"sampling rate", to_text(plan.sampler().sampling_rate())},
              {"expected batch", to_text(privacy.expected_batch_size)},
              {"parameters", group_digits(memory.sizes.parameters)},
              {"physical batch", group_digits(memory.layout.physical_batch)},
              {"memory", format_bytes(memory.bytes) + " beside the data and the program"}});
  if (privacy.seed) std::cout << "The seed is chosen, so the run will not be private.\n";
  if (claims_with_earlier_runs(*privacy.initial_weights)) {
    std::cout << "The guarantee is about this run and " << counted(std::ssize(privacy.earlier_runs), "run")
              << " before it together.\n";
  }
  print_claims_of_others(plan.claims_of_others());
  return 0;
}

}  // namespace

void add_plan_command(CLI::App& app, Action& action) {
  struct Request {
    std::string config;
    std::vector<std::string> overrides;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "plan",
      "What will a config cost and guarantee? Noise, steps, epsilon, parameters and memory, without touching the data");
  command->add_option("CONFIG", request->config, "config file, protobuf text")->required();
  command->add_option("--set", request->overrides, "replace a field: privacy.target_epsilon=1 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] {
    action = [request] { return print_plan(request->config, request->overrides, request->json); };
  });
}

}  // namespace dpml::tools
