#include <signal.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/base/text.h"
#include "dpml/train/run.h"
#include "options.h"
#include "output.h"
#include "progress_line.h"

// dpml train: config in, run folder out.

namespace dpml::tools {

namespace {

struct Request {
  std::string config;
  std::string out;
  std::vector<std::string> overrides;
  bool resume = false;
  int threads = -1;
  bool quiet = false;
  bool json = false;
};

std::atomic<bool> interrupted = false;

void interrupt(int) {
  interrupted = true;
}

/// SIGHUP, SIGINT and SIGTERM finish the step and save. One that was ignored when the program began, as under nohup or
/// in the background of a script, stays ignored.
void save_on_signals() {
  struct sigaction save {};
  save.sa_handler = interrupt;
  save.sa_flags = SA_RESTART;
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction before {};
    const bool is_ignored = ::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
    if (!is_ignored) ::sigaction(number, &save, nullptr);
  }
}

/// As a word of the shell's command line.
std::string shell_word(const std::string& text) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string word = "'";
  for (const char letter : text) word += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return word + "'";
}

std::string resume_command(const Request& request) {
  std::string command = "dpml train " + shell_word(request.config) + " --out " + shell_word(request.out) + " --resume";
  for (const std::string& override : request.overrides) command += " --set " + shell_word(override);
  return command;
}

void print_result(const Request& request, const Experiment& experiment, const RunResult& result) {
  const RunFolder folder{request.out};
  if (request.json) {
    Json json = {{"finished", result.finished},
                 {"steps", result.steps},
                 {"releases", result.releases},
                 {"planned", result.planned},
                 {"seconds", result.seconds}};
    json.update(json_guarantee(result.guarantee));
    json["noise_multiplier"] = result.noise_multiplier;
    json["parameters"] = result.parameters;
    if (result.test) {
      json["test_loss"] = json_number(result.test->loss);
      if (result.test->accuracy) json["test_accuracy"] = *result.test->accuracy;
    }
    json["model"] = folder.model().string();
    json["owner"] = folder.owner().string();
    print_json(json);
    return;
  }
  std::cout << (result.finished ? "Finished " : "Stopped after ")
            << counted(static_cast<std::int64_t>(result.steps), "step") << " in " << format_seconds(result.seconds)
            << ".\n";
  std::cout << "  guarantee  " << guarantee_text(result.guarantee) << "; unit: " << experiment.privacy.unit << "\n";
  if (experiment.privacy.seed) {
    std::cout << "             NOT PRIVATE: the seed was chosen, and whoever knows it can remove the noise\n";
  }
  if (result.test && result.test->accuracy) {
    std::printf("  test       accuracy %.2f %% of %s (for the owner: not covered by the guarantee)\n",
                100 * *result.test->accuracy, counted(result.test->count, "sample").c_str());
    std::fflush(stdout);
  } else if (result.test) {
    std::cout << "  test       loss " << to_text(result.test->loss)
              << " (for the owner: not covered by the guarantee)\n";
  }
  std::cout << "  model      " << folder.model().string() << " (may be released)\n"
            << "  owner      " << folder.owner().string()
            << " (saw the data without noise: keep it; rows.csv counts "
               "the rows that were left out)\n";
}

int run(const Request& request) {
  Experiment experiment = read_config_file(request.config, request.overrides);
  if (request.threads >= 0) experiment.runtime.threads = request.threads;
  save_on_signals();
  ProgressLine progress;
  RunOptions options{.folder = request.out, .resume = request.resume};
  if (!request.quiet) options.on_progress = [&](const RunProgress& now) { progress(now); };
  options.on_notice = [&](const std::string& sentence) {
    if (!request.quiet) std::cerr << sentence << "\n";
  };
  options.stop_requested = [] { return interrupted.load(); };
  RunResult result;
  try {
    result = run_training(experiment, options);
  } catch (...) {
    progress.end();
    throw;
  }
  progress.end();
  print_result(request, experiment, result);
  if (result.finished) return 0;
  std::cerr << "Interrupted; everything is saved. Go on with: " << resume_command(request) << "\n";
  return 130;
}

}  // namespace

void add_train_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "train", "Train as a config says; Ctrl-C, SIGTERM or SIGHUP finish the step, save and say how to go on");
  command->add_option("CONFIG", request->config, "config file, protobuf text; try `dpml plan CONFIG` first")
      ->required()
      ->check(kNotEmpty);
  command->add_option("--out", request->out, "folder to make: model.h5 may be released, owner/ stays with the owner")
      ->required()
      ->check(kNotEmpty)
      ->type_name("DIR");
  command->add_option("--set", request->overrides, "replace a field: optimizer.sgd.learning_rate=0.5 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--resume", request->resume, "go on with the stopped run in DIR; what it released stays counted");
  command
      ->add_option("--threads", request->threads,
                   "0 for all cores; wins over the config's runtime.threads, which counts when this is not stated; the "
                   "result does not depend on it")
      ->check(thread_count());
  command->add_flag("--quiet", request->quiet, "no progress line and no notices; errors are told");
  command->add_flag("--json", request->json, "print the result in JSON");
  command->callback([request, &action] { action = [request] { return run(*request); }; });
}

}  // namespace dpml::tools
