#include "dpml/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dpml/base/error.h"

namespace dpml {

namespace {

/// Half a cosine, for progress from 0 to 1.
double from_one_to(double final_factor, double progress) {
  return final_factor + (1 - final_factor) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

/// T_cur / T_i of Loshchilov and Hutter 2017 (SGDR), in steps: below 1.
double progress_in_cycle(const ScheduleOptions& schedule, std::uint64_t since) {
  if (schedule.t_0 == 0) throw ConfigError("schedule cosine_warm_restarts: t_0 is 0, expected 1 step or more");
  const auto first = static_cast<double>(schedule.t_0);
  if (schedule.t_mult <= 1) return static_cast<double>(since % schedule.t_0) / first;
  auto step = static_cast<double>(since);  // whole numbers, exact below 2^53
  double length = first;
  while (step >= length) {
    step -= length;
    length *= static_cast<double>(schedule.t_mult);
  }
  return step / length;
}

}  // namespace

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
    case ScheduleKind::cosine_warm_restarts:
      return from_one_to(schedule.final_factor, progress_in_cycle(schedule, since));
    case ScheduleKind::cosine: {
      const std::uint64_t length =
          total_steps > schedule.warmup_steps + 1 ? total_steps - schedule.warmup_steps - 1 : 1;
      const double progress = std::min(1.0, static_cast<double>(since) / static_cast<double>(length));
      return from_one_to(schedule.final_factor, progress);
    }
  }
  throw InternalError("ScheduleKind: not one of the enumerated values");
}

}  // namespace dpml
