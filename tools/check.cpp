#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/config/model_sizes.h"
#include "dpml/data/data_file.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/train/initial_model.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run.h"
#include "output.h"

// dpml check: is a config right?

namespace dpml::tools {

namespace {

/// A line for every file that the config names and training could not open.
std::string problems_of_files(const Experiment& experiment) {
  std::vector<std::filesystem::path> files = data_files(experiment.train);
  if (experiment.test) {
    const std::vector<std::filesystem::path> test = data_files(*experiment.test);
    files.insert(files.end(), test.begin(), test.end());
  }
  if (experiment.runtime.initial_model) files.push_back(model_file_of(*experiment.runtime.initial_model));
  std::string problems;
  for (const std::filesystem::path& file : files) {
    try {
      require_readable(file);
    } catch (const FileError& error) {
      if (problems.find(error.what()) == std::string::npos)
        problems += (problems.empty() ? "" : "\n") + std::string(error.what());
    }
  }
  return problems;
}

void check(const Experiment& experiment) {
  model_sizes(experiment.model, experiment.train.sample_shape);
  const std::string problems = problems_of_files(experiment);
  if (!problems.empty()) throw FileError(problems);
  const TrainingPlan plan(with_earlier_runs(experiment));
}

}  // namespace

void add_check_command(CLI::App& app, Action& action) {
  struct Request {
    std::string config;
    std::vector<std::string> overrides;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command =
      app.add_subcommand("check",
                         "Is a config right? Reads it, plans it, and looks whether its "
                         "data files can be opened; names every problem at once, with file, line and "
                         "field. Where the data is elsewhere, dpml plan does all but look for the files");
  command
      ->add_option("CONFIG", request->config,
                   "config file, protobuf text; the schema proto/dpml/config.proto explains every field")
      ->required();
  command->add_option("--set", request->overrides, "replace a field: privacy.delta=1e-6 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--json", request->json, "answer in JSON: ok, problems, warnings");
  command->callback([request, &action] {
    action = [request] {
      Json answer = {{"ok", true}, {"problems", Json::array()}, {"warnings", Json::array()}};
      try {
        const Experiment experiment = read_config_file(request->config, request->overrides);
        for (const std::string& warning : experiment.warnings) answer["warnings"].push_back(warning);
        check(experiment);
      } catch (const Error& error) {
        if (!request->json) throw;
        answer["ok"] = false;
        std::string text = error.what();
        for (std::size_t begin = 0; begin < text.size();) {
          const std::size_t end = std::min(text.find('\n', begin), text.size());
          answer["problems"].push_back(text.substr(begin, end - begin));
          begin = end + 1;
        }
      }
      if (request->json) {
        print_json(answer);
      } else {
        std::cout << request->config << " is right\n";
      }
      return answer["ok"] ? 0 : 2;
    };
  });
}

}  // namespace dpml::tools
