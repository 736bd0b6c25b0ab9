#include "schedule.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml::tools {

namespace {

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = result.ec == std::errc() && result.ptr == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

[[noreturn]] void not_understood(const std::string& word, const std::string& name) {
  std::vector<std::string> names = {"sampler"};
  for (const ScheduleField& field : kScheduleFields) names.emplace_back(field.name);
  const std::string nearest = nearest_word(name, names);
  throw ConfigError("--phase: \"" + word + "\" is not understood; " +
                    (nearest.empty() || nearest == name
                         ? "expected words like noise_multiplier=1, of " + list_words(names)
                         : "did you mean " + nearest + "=...?"));
}

Sampling sampling_of(const std::string& name) {
  try {
    return parse_sampling(name);
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("--phase: ") + error.what());
  }
}

}  // namespace

std::string flag_of(std::string_view field) {
  std::string flag = "--" + std::string(field);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

void add_schedule_options(CLI::App& command, Schedule& schedule) {
  schedule.sampler = Sampling::poisson;  // what a flag's help says is there when it is left out
  command
      .add_option_function<std::string>(
          "--sampler", [&schedule](const std::string& name) { schedule.sampler = parse_sampling(name); },
          "how batches are really drawn: poisson, full_batch, shuffle, balls_and_bins or without_replacement; "
          "epsilon holds for this sampler and no other")
      ->check(CLI::IsMember(sampling_names()))
      ->default_str(to_text(*schedule.sampler))
      ->type_name("NAME");
  command.add_option("--sampling-rate", schedule.sampling_rate, "chance that a sample joins a batch, in (0, 1]");
  command.add_option("--batch-size", schedule.batch_size,
                     "instead of --sampling-rate, with --dataset-size: samples in a batch; for poisson, expected");
  command.add_option("--dataset-size", schedule.dataset_size, "public number of samples");
  command.add_option("--noise-multiplier", schedule.noise_multiplier, "noise stddev / clip bound, 0 or more");
  command.add_option("--steps", schedule.steps, "number of releases");
  command.add_option("--epochs", schedule.epochs, "instead of --steps: passes over the data");
}

Schedule phase_of(const Schedule& general, const std::string& phase) {
  Schedule schedule = general;
  std::istringstream words(phase);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto field = std::find_if(kScheduleFields.begin(), kScheduleFields.end(),
                                    [&](const ScheduleField& one) { return one.name == name; });
    const bool is_known = name == "sampler" || field != kScheduleFields.end();
    if (equals == std::string::npos || !is_known) not_understood(word, name);
    const std::string value = word.substr(equals + 1);
    if (name == "sampler") {
      schedule.sampler = sampling_of(value);
      continue;
    }
    const std::optional<double> number = number_of(value);
    if (!number) throw ConfigError("--phase: " + name + " is \"" + value + "\", expected a number");
    schedule.*field->number = number;
    if (name == "steps") schedule.epochs.reset();
    if (name == "epochs") schedule.steps.reset();
    if (name == "sampling_rate") schedule.batch_size.reset();
    if (name == "batch_size") schedule.sampling_rate.reset();
  }
  return schedule;
}

}  // namespace dpml::tools
