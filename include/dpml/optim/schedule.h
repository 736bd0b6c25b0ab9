#pragma once

#include <cstdint>

#include "dpml/optim/options.h"

namespace dpml {

/// Factor of the learning rate in step `step` (from 0) of total_steps. Warm-up and the rest follow each other: the
/// other schedules count from the end of the warm-up. Throws ConfigError for a step schedule without step_every.
double learning_rate_factor(const ScheduleOptions& schedule, std::uint64_t step, std::uint64_t total_steps);

}  // namespace dpml
