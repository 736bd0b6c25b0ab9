#include "options.h"

#include <charconv>
#include <string>

#include "dpml/base/text.h"
#include "dpml/config/experiment.h"

namespace dpml::tools {

void refuse_empty_values(CLI::App& app) {
  const CLI::Validator not_empty(
      [](std::string& value) { return value.empty() ? "is empty; is it a shell variable that was not set?" : ""; }, "");
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_items_expected_max() > 0) option->transform(not_empty);  // before other checks
    }
  }
}

CLI::Validator whole_number(std::int64_t lower, std::int64_t upper) {
  const std::string range = group_digits(lower) + " to " + group_digits(upper);
  return CLI::Validator(
      [=](std::string& value) {
        std::int64_t number = 0;
        const char* end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, number);
        const bool is_in_range = error == std::errc() && stop == end && number >= lower && number <= upper;
        return is_in_range ? std::string() : "is " + value + ", expected a whole number from " + range;
      },
      range);
}

CLI::Validator thread_count() {
  return whole_number(0, RuntimeOptions::kMostThreads);
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
