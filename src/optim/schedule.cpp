#include "dpml/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 50;  // what a config can say

void require(bool holds, const std::string& name, double value, const std::string& expected) {
  if (!holds) throw ConfigError("schedule " + name + " is " + to_text(value) + ", expected " + expected);
}

void require_steps(const std::string& name, std::uint64_t steps) {
  require(steps >= 1 && steps <= kMostSteps, name, static_cast<double>(steps), "1 to 2^50 steps");
}

void require_final_factor(const std::string& name, double factor) {
  require(factor >= 0 && factor <= 1, name + ": final factor", factor, "a number in [0, 1]");
}

/// Half a cosine, for progress from 0 to 1.
double from_one_to(double final_factor, double progress) {
  return final_factor + (1 - final_factor) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

/// T_cur / T_i of Loshchilov and Hutter 2017 (SGDR), in steps: below 1.
double progress_in_cycle(const ScheduleOptions& schedule, std::uint64_t since) {
  const auto first = static_cast<double>(schedule.t_0);
  if (schedule.t_mult == 1) return static_cast<double>(since % schedule.t_0) / first;
  auto step = static_cast<double>(since);  // whole numbers, exact below 2^53
  double length = first;
  while (step >= length) {
    step -= length;
    length *= static_cast<double>(schedule.t_mult);
  }
  return step / length;
}

}  // namespace

void validate(const ScheduleOptions& schedule) {
  require(schedule.warmup_steps <= kMostSteps, "warm-up", static_cast<double>(schedule.warmup_steps),
          "at most 2^50 steps");
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return;
    case ScheduleKind::step:
      require_steps("step: every", schedule.step_every);
      require(schedule.step_factor > 0 && schedule.step_factor <= 1, "step: factor", schedule.step_factor,
              "a number in (0, 1]");
      return;
    case ScheduleKind::cosine:
      return require_final_factor("cosine", schedule.final_factor);
    case ScheduleKind::cosine_warm_restarts:
      require_steps("cosine_warm_restarts: t_0", schedule.t_0);
      require(schedule.t_mult >= 1 && schedule.t_mult <= kMostSteps, "cosine_warm_restarts: t_mult",
              static_cast<double>(schedule.t_mult), "a factor from 1 to 2^50");
      return require_final_factor("cosine_warm_restarts", schedule.final_factor);
  }
  throw InternalError("ScheduleKind: not one of the enumerated values");
}

double learning_rate_factor(const ScheduleOptions& schedule, std::uint64_t step, std::uint64_t total_steps) {
  validate(schedule);
  if (step < schedule.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps);
  }
  const std::uint64_t since = step - schedule.warmup_steps;
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return 1;
    case ScheduleKind::step:
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
