#include <signal.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/base/error.h"
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
  std::string stop_depends_on = to_text(StopBasis::releases);
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
  if (request.stop_depends_on != to_text(StopBasis::releases))
    command += " --stop-depends-on " + request.stop_depends_on;
  return command;
}

/// What a stopped run claims, and why; "" for one that is finished.
std::string sentence_about(Ending ending) {
  switch (ending) {
    case Ending::finished:
      return "";
    case Ending::stopped_on_releases:
      return "of the whole plan: when it stopped may tell something, unless that depended on nothing in the run "
             "(--stop-depends-on nothing)";
    case Ending::stopped_independently:
      return "of what was released so far, since the stop depended on nothing in the run, as you state";
    case Ending::stopped_on_private_figures:
      return "NONE: it stopped for private figures, and that moment is an output that nobody paid for";
  }
  throw InternalError("Ending: not one of the enumerated values");
}

std::string reason_for_nothing(const Experiment& experiment, const RunResult& result) {
  if (experiment.privacy.seed) return "the seed was chosen, and whoever knows it can remove the noise";
  if (!may_claim(*experiment.privacy.initial_weights)) {
    return "whose data the weights had seen that it began with is not stated (privacy.initial_weights)";
  }
  if (!may_claim(result.ending)) return "it was stopped for private figures";
  if (result.noise_multiplier == 0) return "there is no noise";
  return claims_with_earlier_runs(*experiment.privacy.initial_weights)
             ? "together with the runs before it on the same people no finite epsilon holds"
             : "with so little noise no finite epsilon can be certified";
}

Json json_of(const RunFolder& folder, const RunResult& result) {
  Json json = {{"finished", result.finished}, {"ending", to_text(result.ending)}, {"steps", result.steps},
               {"releases", result.releases}, {"planned", result.planned},        {"seconds", result.seconds}};
  json.update(json_guarantee(result.guarantee));
  if (!result.claims_of_others.empty()) json["claims_of_others"] = json_claims(result.claims_of_others);
  json["noise_multiplier"] = result.noise_multiplier;
  json["parameters"] = result.parameters;
  if (result.test) {
    json["test_loss"] = json_number(result.test->loss);
    if (result.test->accuracy) json["test_accuracy"] = *result.test->accuracy;
  }
  json["model"] = folder.model().string();
  json["record"] = result.record;
  json["owner"] = folder.owner().string();
  return json;
}

void print_test(const Evaluation& test) {
  if (test.accuracy) {
    std::printf("  test       accuracy %.2f %% of %s (for the owner: not covered by the guarantee)\n",
                100 * *test.accuracy, counted(test.count, "sample").c_str());
    std::fflush(stdout);
    return;
  }
  std::cout << "  test       loss " << to_text(test.loss) << " (for the owner: not covered by the guarantee)\n";
}

/// What its owner may do with the model; the same that `dpml audit` will say.
std::string advice_about_model(const PrivacyOptions& privacy, const Guarantee& guarantee) {
  if (!std::isfinite(guarantee.epsilon)) return "do not release it: it protects nobody";
  if (privacy.public_size && privacy.delta * static_cast<double>(*privacy.public_size) >= 1) {
    return "do not release it: delta is not below one over the public size, so its audit fails";
  }
  return "may be released";
}

void print_result(const Request& request, const Experiment& experiment, const RunResult& result) {
  const RunFolder folder{request.out};
  if (request.json) return print_json(json_of(folder, result));
  const bool is_private = std::isfinite(result.guarantee.epsilon);
  std::cout << (result.finished ? "Finished " : "Stopped after ") << counted(result.steps, "step") << " in "
            << format_seconds(result.seconds) << ".\n";
  std::cout << "  guarantee  " << guarantee_text(result.guarantee) << "; unit: " << printable(experiment.privacy.unit)
            << "\n";
  if (!result.finished) std::cout << "             " << sentence_about(result.ending) << "\n";
  if (!is_private) std::cout << "             NOT PRIVATE: " << reason_for_nothing(experiment, result) << "\n";
  print_claims_of_others(result.claims_of_others);
  if (result.test) print_test(*result.test);
  const std::string model = printable(folder.model().string());
  std::cout << "  model      " << model << " (" << advice_about_model(experiment.privacy, result.guarantee)
            << ")\n  record     " << result.record << " (keep it elsewhere: it shows whether the file was changed)\n"
            << "  owner      " << printable(folder.owner().string())
            << " (saw the data without noise: keep it; rows.csv counts "
               "the rows that were left out)\n";
}

int run(const Request& request) {
  Experiment experiment = read_config_file(request.config, request.overrides);
  if (request.threads >= 0) experiment.runtime.threads = request.threads;
  save_on_signals();
  ProgressLine progress;
  RunOptions options{.folder = request.out, .resume = request.resume};
  options.stop_basis = parse_stop_basis(request.stop_depends_on);
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
      ->required();
  command->add_option("--out", request->out, "folder to make: model.h5 may be released, owner/ stays with the owner")
      ->required()
      ->type_name("DIR");
  command->add_option("--set", request->overrides, "replace a field: optimizer.sgd.learning_rate=0.5 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--resume", request->resume, "go on with the stopped run in DIR; what it released stays counted");
  command
      ->add_option("--stop-depends-on", request->stop_depends_on,
                   "on what it rests if you stop this run before its end: releases (what is public or was released; a "
                   "stopped run claims its whole plan), nothing (nothing in the run, such as a time limit; it claims "
                   "what it released so far) or private_figures (losses or anything under owner/; it claims nothing)")
      ->check(CLI::IsMember({"nothing", "releases", "private_figures"}))
      ->capture_default_str()
      ->type_name("WHAT");
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
