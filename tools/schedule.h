#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "dpml/accounting/ledger.h"

namespace dpml::tools {

/// Most releases that a flag may state; more could not be counted exactly.
inline constexpr double kMostReleases = 1e15;

/// A schedule of equal Gaussian releases, as flags state it. What is absent was not stated.
struct Schedule {
  std::string sampler = "poisson";
  std::optional<double> sampling_rate;
  std::optional<double> batch_size;
  std::optional<double> dataset_size;
  std::optional<double> noise_multiplier;
  std::optional<double> steps;
  std::optional<double> epochs;

  /// Whether any flag but the sampler's is stated.
  bool is_stated() const;
};

/// Flags for all of it. Their checks are made when the schedule is used, since a --phase may replace them.
void add_schedule_options(CLI::App& command, Schedule& schedule);

/// `general` with what a phase states otherwise: "sampling_rate=0.01 noise_multiplier=1 steps=1000", the flags' names
/// without dashes. Throws ConfigError naming the word that is not understood.
Schedule phase_of(const Schedule& general, const std::string& phase);

/// The schedule's releases, by the sampling that really runs:
///   poisson              sampling_rate, or batch_size / dataset_size; steps, or epochs / sampling rate, rounded up;
///                        plain Gaussians at sampling rate 1
///   full_batch           steps or epochs, which are the same
///   shuffle              one epoch is dataset_size / batch_size batches, rounded up, or 1 / sampling_rate; epochs, or
///                        steps / batches, rounded up
///   balls_and_bins       the same, with dataset_size / batch_size rounded down
///   without_replacement  dataset_size and batch_size; steps, or epochs * dataset_size / batch_size, rounded up
/// Throws ConfigError naming the flag that is missing, contradicts another one or is impossible.
void append_schedule(const Schedule& schedule, Ledger& ledger);

}  // namespace dpml::tools
