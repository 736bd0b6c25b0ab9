#include "schedule.h"

#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>
#include <vector>

#include "dpml/accounting/event.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml::tools {

namespace {

const std::vector<std::string> kSamplers = {"poisson", "full_batch", "shuffle", "balls_and_bins",
                                            "without_replacement"};

using Field = std::optional<double> Schedule::*;

/// The numbers of a schedule by their flags.
const std::vector<std::pair<std::string, Field>>& fields() {
  static const std::vector<std::pair<std::string, Field>> all = {
      {"--sampling-rate", &Schedule::sampling_rate},
      {"--batch-size", &Schedule::batch_size},
      {"--dataset-size", &Schedule::dataset_size},
      {"--noise-multiplier", &Schedule::noise_multiplier},
      {"--steps", &Schedule::steps},
      {"--epochs", &Schedule::epochs},
  };
  return all;
}

bool is_whole(double value) {
  return value == std::floor(value);
}

double required(std::optional<double> value, const std::string& flag, const std::string& why) {
  if (!value) throw ConfigError(flag + " is not stated: " + why);
  return *value;
}

double required_size(std::optional<double> value, const std::string& flag, const std::string& why) {
  const double size = required(value, flag, why);
  if (!(size >= 1 && size <= kMostReleases && is_whole(size))) {
    throw ConfigError(flag + " is " + to_text(size) + ", expected a whole number from 1 to 1e15");
  }
  return size;
}

void refuse(std::optional<double> value, const std::string& flag, const std::string& why) {
  if (value) throw ConfigError(flag + " does not fit here: " + why);
}

/// A quotient that is a whole number but for rounding is taken as that number.
double without_rounding(double quotient) {
  const double nearest = std::round(quotient);
  return nearest >= 1 && std::abs(quotient - nearest) <= 1e-12 * nearest ? nearest : quotient;
}

std::uint64_t count_of(double releases, const std::string& what) {
  if (!(releases >= 0 && releases <= kMostReleases)) {
    throw ConfigError(what + " makes " + to_text(releases) + " releases, expected a number from 0 to 1e15");
  }
  return static_cast<std::uint64_t>(releases);
}

/// The number of releases, `per_epoch` of them in an epoch; or of epochs, when `per_epoch` is 1.
std::uint64_t length_of(const Schedule& schedule, double per_epoch) {
  if (schedule.steps && schedule.epochs) {
    throw ConfigError("--steps and --epochs are both stated; one follows from the other");
  }
  if (schedule.steps) {
    if (!is_whole(*schedule.steps))
      throw ConfigError("--steps is " + to_text(*schedule.steps) + ", expected a whole number");
    return count_of(*schedule.steps, "--steps");
  }
  const double epochs = required(schedule.epochs, "--steps or --epochs", "every release costs privacy");
  if (!(epochs >= 0)) throw ConfigError("--epochs is " + to_text(epochs) + ", expected a number, 0 or more");
  return count_of(std::ceil(without_rounding(epochs * per_epoch)), "--epochs");
}

double sampling_rate_of(const Schedule& schedule) {
  if (schedule.sampling_rate) {
    refuse(schedule.batch_size, "--batch-size", "--sampling-rate is stated already");
    if (!(*schedule.sampling_rate > 0 && *schedule.sampling_rate <= 1)) {
      throw ConfigError("--sampling-rate is " + to_text(*schedule.sampling_rate) +
                        ", expected a probability in (0, 1]");
    }
    return *schedule.sampling_rate;
  }
  if (!schedule.batch_size) {
    throw ConfigError(
        "--sampling-rate is not stated: it decides how much privacy each release costs; or state "
        "--batch-size and --dataset-size");
  }
  const double size =
      required_size(schedule.dataset_size, "--dataset-size", "the sampling rate is batch / dataset size");
  if (!(*schedule.batch_size > 0 && *schedule.batch_size <= size)) {
    throw ConfigError("--batch-size is " + to_text(*schedule.batch_size) +
                      ", expected a number above 0, at most "
                      "--dataset-size " +
                      to_text(size));
  }
  return *schedule.batch_size / size;
}

/// Batches in an epoch of equal parts.
double batches_of(const Schedule& schedule, bool rounds_up) {
  const double batches = without_rounding(1 / sampling_rate_of(schedule));
  if (schedule.sampling_rate && !is_whole(batches)) {
    throw ConfigError("--sampling-rate " + to_text(*schedule.sampling_rate) + " makes " + to_text(batches) +
                      " batches in an epoch of --sampler " + schedule.sampler +
                      ", expected a whole number; state --dataset-size and --batch-size");
  }
  return rounds_up ? std::ceil(batches) : std::floor(batches);
}

void append_epochs(const Schedule& schedule, double batches, const Event& epoch, Ledger& ledger) {
  if (schedule.steps && !schedule.epochs) {
    const std::uint64_t steps = length_of(schedule, 1);
    ledger.append(epoch, count_of(std::ceil(static_cast<double>(steps) / batches), "--steps"));
    return;
  }
  ledger.append(epoch, length_of(schedule, 1));
}

void append_without_replacement(const Schedule& schedule, const Event& gaussian, Ledger& ledger) {
  refuse(schedule.sampling_rate, "--sampling-rate",
         "batches without replacement have one size; state --dataset-size and --batch-size");
  const double dataset = required_size(schedule.dataset_size, "--dataset-size", "the sampler draws from so many");
  const double batch = required_size(schedule.batch_size, "--batch-size", "the sampler draws so many");
  if (batch > dataset)
    throw ConfigError("--batch-size " + to_text(batch) + " is above --dataset-size " + to_text(dataset));
  ledger.append(
      SampledWithoutReplacement{static_cast<std::uint64_t>(dataset), static_cast<std::uint64_t>(batch), gaussian},
      length_of(schedule, dataset / batch));
}

}  // namespace

bool Schedule::is_stated() const {
  for (const auto& [flag, field] : fields()) {
    if (this->*field) return true;
  }
  return false;
}

void add_schedule_options(CLI::App& command, Schedule& schedule) {
  command
      .add_option("--sampler", schedule.sampler,
                  "how batches are really drawn: poisson, full_batch, shuffle, balls_and_bins or without_replacement; "
                  "epsilon holds for this sampler and no other")
      ->check(CLI::IsMember(kSamplers))
      ->capture_default_str()
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
  std::vector<std::string> names = {"sampler"};
  for (const auto& [flag, field] : fields()) names.push_back(flag.substr(2));
  for (std::string& name : names) std::replace(name.begin(), name.end(), '-', '_');
  std::istringstream words(phase);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto place = std::find(names.begin(), names.end(), name);
    if (equals == std::string::npos || place == names.end()) {
      const std::string nearest = nearest_word(name, names);
      throw ConfigError("--phase: \"" + word + "\" is not understood; " +
                        (nearest.empty() || nearest == name
                             ? "expected words like noise_multiplier=1, of " + list_words(names)
                             : "did you mean " + nearest + "=...?"));
    }
    const std::string value = word.substr(equals + 1);
    if (place == names.begin()) {
      if (std::find(kSamplers.begin(), kSamplers.end(), value) == kSamplers.end()) {
        throw ConfigError("--phase: sampler \"" + value + "\" is not known; expected " + list_words(kSamplers));
      }
      schedule.sampler = value;
      continue;
    }
    double number = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), number);
    if (result.ec != std::errc() || result.ptr != value.data() + value.size()) {
      throw ConfigError("--phase: " + name + " is \"" + value + "\", expected a number");
    }
    schedule.*fields()[static_cast<std::size_t>(place - names.begin()) - 1].second = number;
    if (name == "steps") schedule.epochs.reset();
    if (name == "epochs") schedule.steps.reset();
    if (name == "sampling_rate") schedule.batch_size.reset();
    if (name == "batch_size") schedule.sampling_rate.reset();
  }
  return schedule;
}

void append_schedule(const Schedule& schedule, Ledger& ledger) {
  const double noise = required(schedule.noise_multiplier, "--noise-multiplier", "without noise there is no privacy");
  if (!(noise >= 0)) throw ConfigError("--noise-multiplier is " + to_text(noise) + ", expected a number, 0 or more");
  const Event gaussian = Gaussian{noise};
  if (schedule.sampler == "poisson") {
    const double rate = sampling_rate_of(schedule);
    const Event event = rate == 1 ? gaussian : Event(PoissonSampled{rate, gaussian});
    ledger.append(event, length_of(schedule, 1 / rate));
  } else if (schedule.sampler == "full_batch") {
    refuse(schedule.sampling_rate, "--sampling-rate", "a full batch holds every sample");
    refuse(schedule.batch_size, "--batch-size", "a full batch holds every sample");
    ledger.append(gaussian, length_of(schedule, 1));
  } else if (schedule.sampler == "shuffle") {
    const double batches = batches_of(schedule, true);
    append_epochs(schedule, batches, Shuffled{static_cast<std::uint64_t>(batches), gaussian}, ledger);
  } else if (schedule.sampler == "balls_and_bins") {
    const double bins = batches_of(schedule, false);
    append_epochs(schedule, bins, BallsAndBins{static_cast<std::uint64_t>(bins), gaussian}, ledger);
  } else {
    append_without_replacement(schedule, gaussian, ledger);
  }
}

}  // namespace dpml::tools
