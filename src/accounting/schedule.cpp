#include "dpml/accounting/schedule.h"

#include <algorithm>
#include <cmath>

#include "dpml/accounting/event.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::array kSamplings = {Sampling::poisson, Sampling::full_batch, Sampling::shuffle, Sampling::balls_and_bins,
                                   Sampling::without_replacement};

bool is_whole(double value) {
  return value == std::floor(value);
}

/// Rounded once, the quotient of whole numbers up to kMostScheduledReleases is whole only where they divide. Any other
/// one that is a whole number but for rounding is taken as that number; of huge ones nobody can tell.
double divided(double dividend, double divisor) {
  const double quotient = dividend / divisor;
  if (is_whole(dividend) && is_whole(divisor) && dividend <= kMostScheduledReleases) return quotient;
  const double nearest = std::round(quotient);
  const double rounding = std::min(1e-12 * nearest, 1e-3);
  return nearest >= 1 && std::abs(quotient - nearest) <= rounding ? nearest : quotient;
}

Sampling stated_sampler(const Schedule& schedule, const FieldSpelling& spelling) {
  if (schedule.sampler) return *schedule.sampler;
  throw ConfigError(spelling("sampler") +
                    " is not stated: how batches are drawn decides what a release costs; expected " +
                    list_words(sampling_names()));
}

/// Reads a schedule, in the words of whoever stated it.
class Reader {
 public:
  Reader(const Schedule& schedule, const FieldSpelling& spelling)
      : schedule_(schedule),
        spelling_(spelling),
        sampler_(stated_sampler(schedule, spelling)),
        noise_multiplier_(noise_multiplier()) {}

  void append_to(Ledger& ledger) const {
    switch (sampler_) {
      case Sampling::poisson:
        return append({.sampling = Sampling::poisson, .sampling_rate = sampling_rate()}, length(batches_in_epoch()),
                      ledger);
      case Sampling::full_batch:
        refuse(schedule_.sampling_rate, "sampling_rate", "a full batch holds every sample");
        refuse(schedule_.batch_size, "batch_size", "a full batch holds every sample");
        return append({.sampling = Sampling::full_batch}, length(kOne), ledger);
      case Sampling::shuffle:
        return append_epochs(std::ceil(countable_batches()), ledger);
      case Sampling::balls_and_bins:
        return append_epochs(std::floor(countable_batches()), ledger);
      case Sampling::without_replacement:
        return append_without_replacement(ledger);
    }
    throw InternalError("Sampling: not one of the enumerated values");
  }

 private:
  /// A number as it was stated, so that it is rounded once, to a whole one.
  struct Quotient {
    double dividend;
    double divisor;
  };
  static constexpr Quotient kOne = {1, 1};

  std::string name(std::string_view field) const { return spelling_(field); }

  double required(std::optional<double> value, const std::string& names, const std::string& why) const {
    if (!value) throw ConfigError(names + " is not stated: " + why);
    return *value;
  }

  double required_size(std::optional<double> value, std::string_view field, const std::string& why) const {
    const double size = required(value, name(field), why);
    if (!(size >= 1 && size <= kMostScheduledReleases && is_whole(size))) {
      throw ConfigError(name(field) + " is " + to_text(size) + ", expected a whole number from 1 to 1e15");
    }
    return size;
  }

  void refuse(std::optional<double> value, std::string_view field, const std::string& why) const {
    if (value) throw ConfigError(name(field) + " does not fit here: " + why);
  }

  double noise_multiplier() const {
    const double noise =
        required(schedule_.noise_multiplier, name("noise_multiplier"), "without noise there is no privacy");
    if (!(noise >= 0)) {
      throw ConfigError(name("noise_multiplier") + " is " + to_text(noise) + ", expected a number, 0 or more");
    }
    return noise;
  }

  void append(const BatchDraw& draw, std::uint64_t count, Ledger& ledger) const {
    ledger.append(event_of(draw, noise_multiplier_), count);
  }

  std::uint64_t count_of(double releases, std::string_view field) const {
    if (!(releases >= 0 && releases <= kMostScheduledReleases)) {
      throw ConfigError(name(field) + " makes " + to_text(releases) + " releases, expected a number from 0 to 1e15");
    }
    return static_cast<std::uint64_t>(releases);
  }

  /// The number of releases, `per_epoch` of them in an epoch; or of epochs, when `per_epoch` is 1.
  std::uint64_t length(const Quotient& per_epoch) const {
    if (schedule_.steps && schedule_.epochs) {
      throw ConfigError(name("steps") + " and " + name("epochs") + " are both stated; one follows from the other");
    }
    if (schedule_.steps) {
      if (!is_whole(*schedule_.steps)) {
        throw ConfigError(name("steps") + " is " + to_text(*schedule_.steps) + ", expected a whole number");
      }
      return count_of(*schedule_.steps, "steps");
    }
    const double epochs =
        required(schedule_.epochs, name("steps") + " or " + name("epochs"), "every release costs privacy");
    if (!(epochs >= 0)) {
      throw ConfigError(name("epochs") + " is " + to_text(epochs) + ", expected a number, 0 or more");
    }
    return count_of(std::ceil(divided(epochs * per_epoch.dividend, per_epoch.divisor)), "epochs");
  }

  /// `batches` are those of an epoch, rounded to the side that costs more: more of them to shuffle, fewer bins.
  void append_epochs(double batches, Ledger& ledger) const {
    append({.sampling = sampler_, .batches = static_cast<std::uint64_t>(batches)}, epochs(), ledger);
  }

  /// The number of epochs, where an epoch is the event; one that is not complete is paid as a whole. Whoever drops what
  /// does not fill a batch has fewer batches in an epoch, so the same steps make more epochs.
  std::uint64_t epochs() const {
    const std::uint64_t stated = length(kOne);
    if (!schedule_.steps) return stated;
    return count_of(std::ceil(divided(static_cast<double>(stated), std::floor(countable_batches()))), "steps");
  }

  double sampling_rate() const {
    if (schedule_.sampling_rate) {
      refuse(schedule_.batch_size, "batch_size", name("sampling_rate") + " is stated already");
      if (!(*schedule_.sampling_rate > 0 && *schedule_.sampling_rate <= 1)) {
        throw ConfigError(name("sampling_rate") + " is " + to_text(*schedule_.sampling_rate) +
                          ", expected a probability in (0, 1]");
      }
      return *schedule_.sampling_rate;
    }
    if (!schedule_.batch_size) {
      throw ConfigError(name("sampling_rate") +
                        " is not stated: it decides how much privacy each release costs; or state " +
                        name("batch_size") + " and " + name("dataset_size"));
    }
    const double size =
        required_size(schedule_.dataset_size, "dataset_size", "the sampling rate is batch / dataset size");
    if (!(*schedule_.batch_size > 0 && *schedule_.batch_size <= size)) {
      throw ConfigError(name("batch_size") + " is " + to_text(*schedule_.batch_size) +
                        ", expected a number above 0, at most " + name("dataset_size") + " " + to_text(size));
    }
    return *schedule_.batch_size / size;
  }

  Quotient batches_in_epoch() const {
    const double rate = sampling_rate();
    if (schedule_.sampling_rate) return {1, rate};
    return {*schedule_.dataset_size, *schedule_.batch_size};
  }

  /// The same as a number: whole where the sampling rate is stated.
  double countable_batches() const {
    const Quotient quotient = batches_in_epoch();
    const double batches = divided(quotient.dividend, quotient.divisor);
    if (schedule_.sampling_rate && !is_whole(batches)) {
      throw ConfigError(name("sampling_rate") + " " + to_text(*schedule_.sampling_rate) + " makes " + to_text(batches) +
                        " batches in an epoch of " + name("sampler") + " " + to_text(sampler_) +
                        ", expected a whole number; state " + name("dataset_size") + " and " + name("batch_size"));
    }
    if (!(batches <= kMostScheduledReleases)) {
      throw ConfigError(name(schedule_.sampling_rate ? "sampling_rate" : "batch_size") + " makes " + to_text(batches) +
                        " batches in an epoch, expected at most 1e15");
    }
    return batches;
  }

  void append_without_replacement(Ledger& ledger) const {
    refuse(schedule_.sampling_rate, "sampling_rate",
           "batches without replacement have one size; state " + name("dataset_size") + " and " + name("batch_size"));
    const double dataset = required_size(schedule_.dataset_size, "dataset_size", "the sampler draws from so many");
    const double batch = required_size(schedule_.batch_size, "batch_size", "the sampler draws so many");
    if (batch > dataset) {
      throw ConfigError(name("batch_size") + " " + to_text(batch) + " is above " + name("dataset_size") + " " +
                        to_text(dataset));
    }
    append({.sampling = Sampling::without_replacement,
            .dataset_size = static_cast<std::uint64_t>(dataset),
            .batch_size = static_cast<std::uint64_t>(batch)},
           length({dataset, batch}), ledger);
  }

  const Schedule& schedule_;
  const FieldSpelling& spelling_;
  Sampling sampler_;
  double noise_multiplier_;
};

}  // namespace

std::string to_text(Sampling sampling) {
  switch (sampling) {
    case Sampling::poisson:
      return "poisson";
    case Sampling::full_batch:
      return "full_batch";
    case Sampling::shuffle:
      return "shuffle";
    case Sampling::balls_and_bins:
      return "balls_and_bins";
    case Sampling::without_replacement:
      return "without_replacement";
  }
  throw InternalError("Sampling: not one of the enumerated values");
}

std::vector<std::string> sampling_names() {
  std::vector<std::string> names;
  for (const Sampling sampling : kSamplings) names.push_back(to_text(sampling));
  return names;
}

Sampling parse_sampling(std::string_view name) {
  for (const Sampling sampling : kSamplings) {
    if (to_text(sampling) == name) return sampling;
  }
  throw ConfigError("sampler \"" + std::string(name) + "\" is not known; expected " + list_words(sampling_names()));
}

Event event_of(const BatchDraw& draw, double noise_multiplier) {
  const Event gaussian = Gaussian{noise_multiplier};
  switch (draw.sampling) {
    case Sampling::poisson:
      return PoissonSampled{draw.sampling_rate, gaussian};
    case Sampling::full_batch:
      return gaussian;
    case Sampling::shuffle:
      return Shuffled{draw.batches, gaussian};
    case Sampling::balls_and_bins:
      return BallsAndBins{draw.batches, gaussian};
    case Sampling::without_replacement:
      return SampledWithoutReplacement{draw.dataset_size, draw.batch_size, gaussian};
  }
  throw InternalError("Sampling: not one of the enumerated values");
}

bool Schedule::is_stated() const {
  return std::any_of(kScheduleFields.begin(), kScheduleFields.end(),
                     [&](const ScheduleField& field) { return (this->*field.number).has_value(); });
}

void append_schedule(const Schedule& schedule, Ledger& ledger, const FieldSpelling& spelling) {
  Reader(schedule, spelling).append_to(ledger);
}

}  // namespace dpml
