#include <unistd.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/base/text.h"
#include "dpml/train/run.h"
#include "output.h"

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

/// One line, written over in a terminal; elsewhere a new line every ten seconds, so that logs stay short.
class ProgressLine {
 public:
  void operator()(const RunProgress& progress) {
    const bool last = progress.seconds_left == 0;
    if (!terminal_ && !last && progress.step < next_step_) return;
    next_step_ = progress.step + static_cast<std::uint64_t>(10 * progress.steps_per_second);
    char line[200];
    std::snprintf(line, sizeof line, "epoch %.2f  step %llu/%llu  %.1f steps/s  %s left  epsilon %s so far",
                  progress.epoch, static_cast<unsigned long long>(progress.step),
                  static_cast<unsigned long long>(progress.steps), progress.steps_per_second,
                  format_seconds(progress.seconds_left).c_str(), rounded_up(progress.epsilon).c_str());
    if (terminal_) {
      std::fprintf(stderr, "\r\033[K%s", line);
      open_ = true;
    } else {
      std::fprintf(stderr, "%s\n", line);
    }
  }
  void end() {
    if (open_) std::fprintf(stderr, "\n");
    open_ = false;
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool open_ = false;
  std::uint64_t next_step_ = 0;
};

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
  std::cout << (result.finished ? "Finished " : "Stopped after ") << group_digits(result.steps) << " steps in "
            << format_seconds(result.seconds) << ".\n";
  std::cout << "  guarantee  " << guarantee_text(result.guarantee) << "; unit: " << experiment.privacy.unit << "\n";
  if (experiment.privacy.seed) {
    std::cout << "             NOT PRIVATE: the seed was chosen, and whoever knows it can remove the noise\n";
  }
  if (result.test && result.test->accuracy) {
    std::printf("  test       accuracy %.2f %% of %s samples (for the owner: not covered by the guarantee)\n",
                100 * *result.test->accuracy, group_digits(result.test->count).c_str());
    std::fflush(stdout);
  } else if (result.test) {
    std::cout << "  test       loss " << to_text(result.test->loss)
              << " (for the owner: not covered by the guarantee)\n";
  }
  std::cout << "  model      " << folder.model().string() << " (may be released)\n"
            << "  owner      " << folder.owner().string() << " (saw the data without noise: keep it)\n";
}

int run(const Request& request) {
  Experiment experiment = read_config_file(request.config, request.overrides);
  if (request.threads >= 0) experiment.runtime.threads = request.threads;
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  std::signal(SIGXFSZ, SIG_IGN);  // a full quota becomes an error that can be told
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
  CLI::App* command =
      app.add_subcommand("train", "Train as a config says; Ctrl-C finishes the step, saves and says how to go on");
  command->add_option("CONFIG", request->config, "config file, protobuf text; try `dpml plan CONFIG` first")
      ->required();
  command->add_option("--out", request->out, "folder to make: model.h5 may be released, owner/ stays with the owner")
      ->required()
      ->type_name("DIR");
  command->add_option("--set", request->overrides, "replace a field: optimizer.sgd.learning_rate=0.5 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--resume", request->resume, "go on with the stopped run in DIR; what it released stays counted");
  command->add_option("--threads", request->threads, "0 for all cores; the result does not depend on it")
      ->check(CLI::Range(0, 4096));
  command->add_flag("--quiet", request->quiet, "no progress line");
  command->add_flag("--json", request->json, "print the result in JSON");
  command->callback([request, &action] { action = [request] { return run(*request); }; });
}

}  // namespace dpml::tools
