#include "released.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "dpml/accounting/group.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/io/model_file.h"
#include "dpml/train/claim.h"
#include "dpml/train/weights.h"
#include "events_file.h"
#include "model_argument.h"
#include "options.h"

namespace dpml::tools {

namespace {

std::optional<Neighbours> stated_neighbours(const Released& released) {
  if (!released.neighbours) return std::nullopt;
  return parse_neighbours(lower_case(*released.neighbours));
}

void append(const Ledger& part, const std::string& name, std::optional<Composition>& whole) {
  if (!whole) whole = Composition{Ledger(part.neighbours()), {}};
  if (part.neighbours() != whole->ledger.neighbours()) {
    throw ConfigError(name + ": is about neighbours " + to_text(part.neighbours()) + ", but " +
                      to_text(whole->ledger.neighbours()) +
                      " came before; epsilons of different neighbours cannot be added up");
  }
  for (const LedgerEntry& entry : part.entries()) whole->ledger.append(entry.event, entry.count);
}

/// Runs of which nothing is lost, and nothing counted twice, when their ledgers are joined.
class Runs {
 public:
  void add(const std::string& argument, std::optional<Composition>& whole) {
    const std::string path = model_file_of(argument).string();
    const StoredModel stored = read_stored_model(path, require_believable_weights);
    for (const std::string& mismatch : verify_digests(stored)) {
      throw FileError(path + ": " + mismatch + "; dpml audit says more");
    }
    const ModelFile& model = stored.model;
    if (!unit_.empty() && model.unit != unit_) {
      throw ConfigError(path + ": protects \"" + printable(model.unit) + "\", but \"" + printable(unit_) +
                        "\" came before; runs about different units have no epsilon in common");
    }
    unit_ = model.unit;
    std::vector<EarlierRun> runs = earlier_runs_of(model);
    // Those on other people are no part of this sum.
    if (model.initial_weights != InitialWeights::same_people) runs.erase(runs.begin(), runs.end() - 1);
    for (const EarlierRun& run : runs) add(run, path, whole);
    if (!whole) whole = Composition{Ledger(model.ledger.neighbours()), {}};
    tell(path, model, *whole);
  }

  void finish(Composition& whole) const {
    whole.notes.push_back("All of this is assumed to be about the same data and the same unit (" + printable(unit_) +
                          ").");
    if (records_.size() > 1) {
      whole.notes.push_back(
          "The runs are taken for one schedule that was fixed before the first of them began; where a later plan was "
          "chosen after looking at an earlier model, only a chain of runs that says so is accounted for that.");
    }
  }

 private:
  void add(const EarlierRun& run, const std::string& path, std::optional<Composition>& whole) {
    if (!run.record.empty() && !records_.insert(run.record).second) return;
    append(run.charged, path, whole);
  }

  static void tell(const std::string& path, const ModelFile& model, Composition& whole) {
    if (model.noise_key == NoiseKey::chosen_seed) {
      whole.notes.push_back(path + " was trained with a chosen seed: whoever knows it can remove the noise.");
    }
    if (model.initial_weights == InitialWeights::unknown) {
      whole.notes.push_back(path + " began from weights of which it is not stated whose data they had seen.");
    }
    if (model.initial_weights == InitialWeights::disjoint_people) {
      whole.notes.push_back(path + " began from weights about other people, who are no part of this.");
    }
  }

  std::string unit_;
  std::set<std::string> records_;
};

std::string group_sentence(std::uint64_t size, const std::string& how) {
  return "It holds for groups of up to " + group_digits(size) + " units, " + how + ".";
}

/// The claim about a group that follows from claims about one unit, at no more than `delta`. A smaller delta for one
/// unit costs more epsilon, so a few are tried.
Guarantee convert(const Accountant& accountant, const Ledger& ledger, double delta, std::uint64_t size) {
  constexpr int kTries = 40;
  const Guarantee one = accountant.guarantee(ledger, delta);
  Guarantee best = guarantee_for_group(one, size);
  if (delta > 0) best.epsilon = std::numeric_limits<double>::infinity();
  double smaller = delta;
  for (int i = 0; i < kTries && smaller > 0 && std::isinf(best.epsilon) && std::isfinite(one.epsilon); ++i) {
    smaller /= i < 20 ? 2 : 1000;
    const Guarantee group = guarantee_for_group(accountant.guarantee(ledger, smaller), size);
    if (group.delta <= delta) best = group;
  }
  best.delta = delta;
  best.epsilon_lower = one.epsilon_lower;
  best.notes = one.notes;
  return best;
}

Bound convert_delta(const Accountant& accountant, const Ledger& ledger, double epsilon, std::uint64_t size) {
  const double share = epsilon / static_cast<double>(size) * (1 - 1e-14);
  Bound bound = accountant.delta_bound(ledger, share);
  const Guarantee one{.epsilon = share,
                      .delta = std::min(bound.upper, 1 - 1e-15),
                      .neighbours = ledger.neighbours(),
                      .accountant = std::string(accountant.name()),
                      .order = {}};
  const Guarantee group = guarantee_for_group(one, size);
  bound.upper = bound.upper < 1 && std::isfinite(group.epsilon) ? group.delta : 1;
  return bound;
}

/// What is asked of the ledger, or of its groups event by event; where that is not possible, what is converted.
template <class Ask, class Convert>
auto for_group(const Ledger& ledger, std::uint64_t size, const Ask& ask, const Convert& convert) {
  if (size == 1) return ask(ledger);
  try {
    auto answer = ask(ledger_for_group(ledger, size));
    answer.notes.push_back(group_sentence(size, "accounted event by event"));
    return answer;
  } catch (const Error& reason) {
    auto answer = convert();
    answer.notes.push_back(group_sentence(
        size, std::string("by the general conversion, since event by event is not possible: ") + reason.what()));
    return answer;
  }
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

Composition spent_before(const Released& released) {
  std::optional<Composition> whole;
  Runs runs;
  for (const std::string& run : released.runs) runs.add(run, whole);
  const std::optional<Neighbours> neighbours = stated_neighbours(released);
  if (!released.events.empty()) append(read_events(released.events, neighbours), released.events, whole);
  if (!whole) return {Ledger(neighbours.value_or(Neighbours::add_or_remove_one)), {}};
  if (neighbours && *neighbours != whole->ledger.neighbours()) {
    throw ConfigError("--neighbours: is " + to_text(*neighbours) + ", but the runs are about " +
                      to_text(whole->ledger.neighbours()) + "; another reading of a finished run is not possible");
  }
  if (!released.runs.empty()) runs.finish(*whole);
  return *whole;
}

Ledger with_schedule(const Ledger& spent, const Released& released) {
  Ledger ledger = spent;
  if (released.phases.empty()) append_schedule(released.schedule, ledger, flag_of);
  for (const std::string& phase : released.phases) append_schedule(phase_of(released.schedule, phase), ledger, flag_of);
  return ledger;
}

Composition composition_of(const Released& released) {
  if (!released.has_schedule() && released.events.empty() && released.runs.empty()) {
    throw ConfigError(
        "nothing is stated that was released: state --sampling-rate, --noise-multiplier and --steps; or --events; or "
        "--ledger");
  }
  Composition whole = spent_before(released);
  if (released.has_schedule()) whole.ledger = with_schedule(whole.ledger, released);
  return whole;
}

Guarantee guarantee_of(const Accountant& accountant, const Ledger& ledger, double delta, std::uint64_t size) {
  return for_group(
      ledger, size, [&](const Ledger& whole) { return accountant.guarantee(whole, delta); },
      [&] { return convert(accountant, ledger, delta, size); });
}

Bound delta_bound_of(const Accountant& accountant, const Ledger& ledger, double epsilon, std::uint64_t size) {
  return for_group(
      ledger, size, [&](const Ledger& whole) { return accountant.delta_bound(whole, epsilon); },
      [&] { return convert_delta(accountant, ledger, epsilon, size); });
}

}  // namespace dpml::tools
