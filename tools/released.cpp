#include "released.h"

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/train/run.h"
#include "events_file.h"
#include "options.h"

namespace dpml::tools {

namespace {

std::optional<Neighbours> stated_neighbours(const Released& released) {
  if (!released.neighbours) return std::nullopt;
  return parse_neighbours(lower_case(*released.neighbours));
}

}  // namespace

std::vector<std::filesystem::path> files_read(const Released& released) {
  std::vector<std::filesystem::path> files;
  for (const std::string& run : released.runs) files.push_back(model_file_of(run));
  if (!released.events.empty()) files.emplace_back(released.events);
  return files;
}

void add_released_options(CLI::App& command, Released& released) {
  add_schedule_options(command, released.schedule);
  command
      .add_option("--phase", released.phases,
                  "a part of the schedule, for those that change: \"noise_multiplier=1 steps=1000\"; what it does not "
                  "state is as the flags say (repeatable, in order)")
      ->type_name("WORDS")
      ->allow_extra_args(false);
  command
      .add_option("--events", released.events,
                  "file of events, - for standard input: lines like entry { event { gaussian { noise_multiplier: 1 } } "
                  "count: 10 }; proto/dpml/event.proto has all kinds")
      ->type_name("FILE");
  command
      .add_option(
          "--ledger", released.runs,
          "run folders or model.h5 of finished runs on the same data, composed: epsilon of all of them together")
      ->type_name("DIR")
      ->expected(1, -1);
  command.add_option("--accountant", released.accountant, "method: " + list_words(accountant_names()))
      ->check(CLI::IsMember(accountant_names()))
      ->capture_default_str()
      ->type_name("NAME");
  command.add_option(
      "--relative-gap", released.relative_gap,
      "how wide pld and best may leave the interval between what may be claimed and what is excluded, in "
      "parts of the former, from 1e-9 to 0.1 (" +
          to_text(kRelativeGap) + " when not stated); a narrow one takes longer, and --json shows its digits");
  command
      .add_option("--neighbours", released.neighbours,
                  "which datasets count as adjacent: add_or_remove_one (when nothing states another), replace_one or "
                  "zero_out")
      ->type_name("NAME");
  const CLI::Validator sizes = whole_number(1, 1'000'000'000);
  CLI::Option* group =
      command.add_option("--group", released.group, "protect groups of up to so many units together")->check(sizes);
  command
      .add_option("--rows-per-user", released.rows_per_user,
                  "protect users who have at most so many rows, where a unit is one row")
      ->check(sizes)
      ->excludes(group);
}

std::unique_ptr<Accountant> accountant_of(const Released& released) {
  if (released.relative_gap && !has_relative_gap(released.accountant)) {
    throw ConfigError(
        "--relative-gap: accountant " + released.accountant +
        " computes no interval whose width could be chosen; leave it out, or ask --accountant pld or best");
  }
  return make_accountant(released.accountant, released.relative_gap.value_or(kRelativeGap));
}

Spent spent_before(const Released& released) {
  const std::optional<Neighbours> neighbours = stated_neighbours(released);
  std::optional<Spent> whole;
  if (!released.runs.empty()) whole = spent_together({released.runs.begin(), released.runs.end()});
  if (!released.events.empty()) {
    const Ledger events = read_events(released.events, neighbours);
    if (!whole) whole = Spent{Ledger(events.neighbours()), {}};
    append_ledger(events, released.events, whole->ledger);
  }
  if (!whole) return {Ledger(neighbours.value_or(Neighbours::add_or_remove_one)), {}};
  if (neighbours && *neighbours != whole->ledger.neighbours()) {
    throw ConfigError("--neighbours: is " + to_text(*neighbours) + ", but the runs are about " +
                      to_text(whole->ledger.neighbours()) + "; another reading of a finished run is not possible");
  }
  return *whole;
}

Ledger with_schedule(const Ledger& spent, const Released& released) {
  Ledger ledger = spent;
  if (released.phases.empty()) append_schedule(released.schedule, ledger, flag_of);
  for (const std::string& phase : released.phases) append_schedule(phase_of(released.schedule, phase), ledger, flag_of);
  return ledger;
}

Spent composition_of(const Released& released) {
  if (!released.has_schedule() && released.events.empty() && released.runs.empty()) {
    throw ConfigError(
        "nothing is stated that was released: state --sampling-rate, --noise-multiplier and --steps; or --events; or "
        "--ledger");
  }
  Spent whole = spent_before(released);
  if (released.has_schedule()) whole.ledger = with_schedule(whole.ledger, released);
  return whole;
}

}  // namespace dpml::tools
