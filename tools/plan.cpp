#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/base/text.h"
#include "dpml/config/build_model.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/random/rng.h"
#include "dpml/train/batch_layout.h"
#include "dpml/train/trainer.h"
#include "output.h"

// dpml plan: what will a config cost and guarantee?

namespace dpml::tools {

namespace {

int print_plan(const std::string& path, const std::vector<std::string>& overrides, bool as_json) {
  const Experiment experiment = read_config_file(path, overrides);
  const TrainingPlan plan(experiment.privacy);
  Rng init(Key::from_seed(0), Purpose::initialisation);
  const auto model = build_model(experiment.model, experiment.train.sample_shape, init);
  const Shape& sample = experiment.train.sample_shape;
  const Index parameters = count_parameters(*model);
  const PrivacyOptions& privacy = plan.options();
  const BatchLayout layout =
      plan_batch_layout(*model, sample, parameters, privacy.expected_batch_size, experiment.runtime.physical_batch);
  const int optimizer_tensors =
      experiment.optimizer.kind == OptimizerKind::sgd ? (experiment.optimizer.momentum > 0 ? 1 : 0) : 2;
  const std::uint64_t memory = planned_memory(layout, recorded_numbers_per_sample(*model, sample), parameters,
                                              optimizer_tensors, resolved_threads(experiment.runtime.threads));
  const Guarantee& guarantee = plan.guarantee();
  if (as_json) {
    Json json = json_guarantee(guarantee);
    json["noise_multiplier"] = plan.noise_multiplier();
    json["noise_stddev"] = plan.mechanism().noise_stddev();
    json["clip_bound"] = json_number(privacy.clip_bound);
    json["steps"] = privacy.steps;
    json["sampling_rate"] = plan.sampler().sampling_rate();
    json["expected_batch_size"] = privacy.expected_batch_size;
    json["unit"] = privacy.unit;
    json["parameters"] = parameters;
    json["physical_batch"] = layout.physical_batch;
    json["memory_bytes"] = memory;
    print_json(json);
    return 0;
  }
  print_rows({{"guarantee", guarantee_text(guarantee)},
              {"unit", privacy.unit},
              {"noise multiplier", to_text(plan.noise_multiplier())},
              {"clip bound", to_text(privacy.clip_bound)},
              {"steps", group_digits(privacy.steps)},
              {"sampling rate", to_text(plan.sampler().sampling_rate())},
              {"expected batch", to_text(privacy.expected_batch_size)},
              {"parameters", group_digits(parameters)},
              {"physical batch", group_digits(layout.physical_batch)},
              {"memory", format_bytes(memory) + " beside the data and the program"}});
  if (privacy.seed) std::cout << "The seed is chosen, so the run will not be private.\n";
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
