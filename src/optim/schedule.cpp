#include "dpml/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dpml/base/error.h"

namespace dpml {

double learning_rate_factor(const ScheduleOptions& schedule, std::uint64_t step, std::uint64_t total_steps) {
  if (step < schedule.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps);
  }
  const std::uint64_t since = step - schedule.warmup_steps;
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return 1;
    case ScheduleKind::step:
      if (schedule.step_every == 0) throw ConfigError("schedule step: every is 0, expected 1 step or more");
      return std::pow(schedule.step_factor, static_cast<double>(since / schedule.step_every));
    case ScheduleKind::cosine: {
      const std::uint64_t length =
          total_steps > schedule.warmup_steps + 1 ? total_steps - schedule.warmup_steps - 1 : 1;
      const double progress = std::min(1.0, static_cast<double>(since) / static_cast<double>(length));
      return schedule.final_factor + (1 - schedule.final_factor) * (1 + std::cos(std::numbers::pi * progress)) / 2;
    }
  }
  return 1;
}

}  // namespace dpml
