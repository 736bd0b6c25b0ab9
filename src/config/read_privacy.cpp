#include <algorithm>
#include <cmath>

#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"
#include "dpml/dpsgd/clip_rule.h"
#include "readers.h"
#include "words.h"

namespace dpml::config {

namespace {

/// Infinity is the word for no clipping.
double read_clip_bound(const Section& privacy) {
  constexpr Range kBound{ClipRule::kSmallestBound, true, ClipRule::kLargestBound, true,
                         "a number from 1e-30 to 1e30, or inf for no clipping"};
  constexpr std::string_view kWhy = "it decides what one sample can contribute";
  return privacy.number_or_infinity("clip_bound", kBound, kWhy);
}

/// epochs / sampling_rate, rounded up. A rate such as 1/93 is not a binary fraction: a quotient that is a whole number
/// but for rounding is taken as that number.
std::uint64_t steps_of_epochs(double epochs, double sampling_rate) {
  const double quotient = epochs / sampling_rate;
  const double nearest = std::round(quotient);
  const bool is_whole = nearest >= 1 && std::abs(quotient - nearest) <= 1e-15 * nearest;
  return static_cast<std::uint64_t>(is_whole ? nearest : std::ceil(quotient));
}

/// Reads the alternative that is stated.
using ReadChoice = void (*)(const Section& block, PrivacyOptions& options);

void read_sampling_rate(const Section& poisson, PrivacyOptions& options) {
  options.sampling_rate = poisson.number("sampling_rate", kUnitAboveZero);
}

void read_public_size(const Section& poisson, PrivacyOptions& options) {
  const std::int64_t stated = poisson.whole_number("public_size", kCount);
  const auto size = static_cast<double>(stated);
  if (stated > 0) options.public_size = static_cast<std::uint64_t>(stated);
  if (size > 0) options.sampling_rate = options.expected_batch_size / size;
  if (options.sampling_rate > 1) {
    poisson.problem("expected_batch_size", "is " + to_text(options.expected_batch_size) + ", above the public_size " +
                                               to_text(size) + "; make it smaller, or use full_batch");
  }
}

constexpr std::array kChances{
    Word<ReadChoice>{"sampling_rate", read_sampling_rate},
    Word<ReadChoice>{"public_size", read_public_size},
};

void read_poisson(const Section& poisson, PrivacyOptions& options) {
  options.expected_batch_size = poisson.number("expected_batch_size", kPositive, "the noisy sum is divided by it");
  const std::string word = poisson.required_choice("chance", "it decides how much privacy each step costs");
  const auto read = meaning_of(poisson, "chance", word, kChances);
  if (read) (*read)(poisson, options);
}

void read_full_batch(const Section& full_batch, PrivacyOptions& options) {
  options.sampling_rate = 1;
  const std::int64_t size =
      full_batch.whole_number("public_size", kCount, "the noisy sum is divided by it, and the true size is private");
  options.expected_batch_size = static_cast<double>(size);
  if (size > 0) options.public_size = static_cast<std::uint64_t>(size);
}

constexpr std::array kSamplers{
    Word<SamplerKind>{"poisson", SamplerKind::poisson},
    Word<SamplerKind>{"full_batch", SamplerKind::full_batch},
};

void read_sampler(const Section& privacy, PrivacyOptions& options) {
  const std::string sampler =
      privacy.required_choice("sampler", "epsilon holds for the way batches are really drawn, and for no other");
  const auto kind = meaning_of(privacy, "sampler", sampler, kSamplers);
  if (!kind) return;
  options.sampler = *kind;
  switch (*kind) {
    case SamplerKind::poisson:
      return read_poisson(privacy.block(sampler), options);
    case SamplerKind::full_batch:
      return read_full_batch(privacy.block(sampler), options);
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

void read_steps(const Section& privacy, PrivacyOptions& options) {
  options.steps = static_cast<std::uint64_t>(privacy.whole_number("steps", kCount));
}

void read_epochs(const Section& privacy, PrivacyOptions& options) {
  const double epochs = privacy.number("epochs", kPositive);
  if (!kPositive.holds(epochs) || !kUnitAboveZero.holds(options.sampling_rate)) return;
  if (epochs / options.sampling_rate > static_cast<double>(kLargestCount)) {
    privacy.problem("epochs", "is " + to_text(epochs) + ", which makes more than 2^50 steps; state fewer");
    return;
  }
  options.steps = steps_of_epochs(epochs, options.sampling_rate);
}

constexpr std::array kLengths{
    Word<ReadChoice>{"steps", read_steps},
    Word<ReadChoice>{"epochs", read_epochs},
};

void read_length(const Section& privacy, PrivacyOptions& options) {
  const auto read =
      meaning_of(privacy, "length", privacy.required_choice("length", "every step costs privacy"), kLengths);
  if (read) (*read)(privacy, options);
}

void read_target_epsilon(const Section& privacy, PrivacyOptions& options) {
  options.target_epsilon = privacy.number("target_epsilon", kPositive);
  if (options.clip_bound != kInfinity) return;
  privacy.problem("target_epsilon",
                  "cannot be reached without clipping: clip_bound is inf; state a finite "
                  "clip_bound, or noise_multiplier: 0 to train without privacy");
}

void read_noise_multiplier(const Section& privacy, PrivacyOptions& options) {
  options.noise_multiplier = privacy.number("noise_multiplier", kNotNegative);
  if (options.clip_bound != kInfinity || !(*options.noise_multiplier > 0)) return;
  privacy.problem("noise_multiplier", "is " + to_text(*options.noise_multiplier) +
                                          " times an infinite clip_bound; state a finite clip_bound, or 0 to train "
                                          "without privacy");
}

constexpr std::array kNoises{
    Word<ReadChoice>{"target_epsilon", read_target_epsilon},
    Word<ReadChoice>{"noise_multiplier", read_noise_multiplier},
};

void read_noise(const Section& privacy, PrivacyOptions& options) {
  const auto read = meaning_of(privacy, "noise",
                               privacy.required_choice("noise", "how much is promised is yours to decide"), kNoises);
  if (read) (*read)(privacy, options);
}

void read_budget(const Section& privacy, PrivacyOptions& options) {
  if (!privacy.states("epsilon_budget")) return;
  options.epsilon_budget = privacy.number("epsilon_budget", kPositive);
  if (options.target_epsilon) {
    privacy.problem("epsilon_budget",
                    "is stated beside target_epsilon, which the noise keeps; state it beside "
                    "noise_multiplier, or leave it out");
  }
  if (options.noise_multiplier == 0.0) {
    privacy.problem("epsilon_budget", "cannot be kept with noise_multiplier 0, which protects nothing");
  }
}

constexpr std::array kNeighbours{
    Word<Neighbours>{"ADD_OR_REMOVE_ONE", Neighbours::add_or_remove_one},
    Word<Neighbours>{"REPLACE_ONE", Neighbours::replace_one},
    Word<Neighbours>{"ZERO_OUT", Neighbours::zero_out},
};

void read_neighbours(const Section& privacy, PrivacyOptions& options) {
  const auto neighbours = read_choice(privacy, "neighbours", kNeighbours,
                                      "the same noise gives different guarantees for different neighbours");
  if (neighbours) options.neighbours = *neighbours;
}

void read_accountant(const Section& privacy, PrivacyOptions& options) {
  options.accountant = privacy.text("accountant");
  const std::vector<std::string> known = accountant_names();
  if (options.accountant.empty() || std::find(known.begin(), known.end(), options.accountant) != known.end()) return;
  privacy.problem("accountant", "there is none of this name; state " + list_words(known));
}

void warn_of_large_delta(const Section& privacy, const PrivacyOptions& options, std::vector<std::string>& warnings) {
  if (!options.public_size || !kInsideUnit.holds(options.delta)) return;
  if (options.delta * static_cast<double>(*options.public_size) < 1) return;
  warnings.push_back(to_text(privacy.origin("delta")) + ": is " + to_text(options.delta) + ", not below 1 / " +
                     std::to_string(*options.public_size) +
                     ", one over the public size: publishing a whole row would count as private, and the audit will "
                     "fail; state a smaller delta");
}

}  // namespace

PrivacyOptions read_privacy(const Section& privacy, std::vector<std::string>& warnings) {
  PrivacyOptions options;
  options.unit = privacy.text("unit", "only you know whom or what one row stands for");
  read_neighbours(privacy, options);
  read_sampler(privacy, options);
  read_length(privacy, options);
  options.clip_bound = read_clip_bound(privacy);
  options.delta = privacy.number("delta", kInsideUnit, "how often the guarantee may fail is yours to decide");
  read_noise(privacy, options);
  read_budget(privacy, options);
  read_accountant(privacy, options);
  if (privacy.states("seed")) options.seed = privacy.natural_number("seed");
  warn_of_large_delta(privacy, options, warnings);
  return options;
}

}  // namespace dpml::config
