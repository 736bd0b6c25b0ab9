#include "options.h"

#include <string>

#include "dpml/config/experiment.h"

namespace dpml::tools {

const CLI::Validator kNotEmpty(
    [](std::string& value) { return value.empty() ? "is empty; name a file or folder" : ""; }, "", "not empty");

CLI::Validator thread_count() {
  return CLI::Range(0, RuntimeOptions::kMostThreads);
}

void add_threads_option(CLI::App& command, int& threads) {
  command
      .add_option(
          "--threads", threads,
          "0 for all cores, also when not stated: the config's runtime.threads is about training; the result does "
          "not depend on it")
      ->check(thread_count());
}

}  // namespace dpml::tools
