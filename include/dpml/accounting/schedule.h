#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/accounting/ledger.h"

namespace dpml {

/// How batches are drawn: a closed set, because it decides what a release costs. Which of them dpml draws by itself is
/// SamplerKind (dpml/dpsgd/privacy_options.h).
enum class Sampling {
  poisson,             ///< every sample joins independently with probability sampling_rate
  full_batch,          ///< every sample, in every step
  shuffle,             ///< an epoch is a shuffled order, cut into batches
  balls_and_bins,      ///< in an epoch every sample goes to one of the batches on its own
  without_replacement  ///< batch_size of the dataset_size samples
};

/// "poisson".
std::string to_text(Sampling sampling);

/// What to_text writes. Throws ConfigError listing the names.
Sampling parse_sampling(std::string_view name);
std::vector<std::string> sampling_names();

/// A way of drawing with the public numbers that it needs; the others are not read. One that is needed and left out is
/// 0, so no ledger takes the event.
struct BatchDraw {
  Sampling sampling;
  double sampling_rate = 0;        ///< poisson: in (0, 1]
  std::uint64_t batches = 0;       ///< shuffle, balls_and_bins: in an epoch, >= 1
  std::uint64_t dataset_size = 0;  ///< without_replacement
  std::uint64_t batch_size = 0;    ///< without_replacement: in [1, dataset_size]
};

/// What a Gaussian release on such a batch costs whose noise has stddev noise_multiplier * clip bound; with shuffle and
/// balls_and_bins, what an epoch of them costs. Without noise it is the same event with a Gaussian{0}: nothing may be
/// claimed, but a sample that hardly ever joins is not for certain told. The only place that says so: training, its
/// plan and every schedule are accounted by it; of a training without noise Sampler says NonPrivate, which is no less.
Event event_of(const BatchDraw& draw, double noise_multiplier);

/// Most releases that a schedule may have; more could not be counted exactly.
inline constexpr double kMostScheduledReleases = 1e15;

/// A schedule of equal Gaussian releases. What is absent was not stated.
struct Schedule {
  std::optional<Sampling> sampler;         ///< always wanted
  std::optional<double> sampling_rate;     ///< in (0, 1]
  std::optional<double> batch_size;        ///< instead of sampling_rate, with dataset_size; for poisson, expected
  std::optional<double> dataset_size;      ///< public number of samples
  std::optional<double> noise_multiplier;  ///< noise stddev / clip bound, 0 or more
  std::optional<double> steps;             ///< number of releases
  std::optional<double> epochs;            ///< instead of steps: passes over the data

  /// Whether any number is stated.
  bool is_stated() const;
};

/// A number of a schedule by its name.
struct ScheduleField {
  std::string_view name;  ///< "sampling_rate"
  std::optional<double> Schedule::*number;
};
inline constexpr std::array<ScheduleField, 6> kScheduleFields = {{{"sampling_rate", &Schedule::sampling_rate},
                                                                  {"batch_size", &Schedule::batch_size},
                                                                  {"dataset_size", &Schedule::dataset_size},
                                                                  {"noise_multiplier", &Schedule::noise_multiplier},
                                                                  {"steps", &Schedule::steps},
                                                                  {"epochs", &Schedule::epochs}}};

/// How whoever stated a schedule calls its fields, "sampler" and those of kScheduleFields, so that a message speaks of
/// what they wrote: a flag, a path in a config.
using FieldSpelling = std::function<std::string(std::string_view field)>;

/// Appends the schedule's releases, by the sampling that really runs:
///   poisson              sampling_rate, or batch_size / dataset_size; steps, or epochs / sampling rate, rounded up
///   full_batch           steps or epochs, which are the same
///   shuffle              one epoch is dataset_size / batch_size batches, rounded up, or 1 / sampling_rate; epochs, or
///                        steps / (dataset_size / batch_size, rounded down), rounded up
///   balls_and_bins       the same, with batches rounded down
///   without_replacement  dataset_size and batch_size; steps, or epochs * dataset_size / batch_size, rounded up
/// Throws ConfigError naming the field, as `spelling` has it, that is missing, contradicts another one or is
/// impossible.
void append_schedule(
    const Schedule& schedule, Ledger& ledger,
    const FieldSpelling& spelling = [](std::string_view field) { return std::string(field); });

}  // namespace dpml
