#pragma once

#include <cstdint>

#include "dpml/optim/options.h"

namespace dpml {

/// Throws ConfigError naming an option that its kind cannot have.
void validate(const ScheduleOptions& schedule);

/// Factor of the learning rate in step `step` (from 0) of total_steps. Warm-up and the rest follow each other: the
/// other schedules count from the end of the warm-up. Throws what validate throws.
double learning_rate_factor(const ScheduleOptions& schedule, std::uint64_t step, std::uint64_t total_steps);

}  // namespace dpml
