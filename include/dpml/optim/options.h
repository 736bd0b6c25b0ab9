#pragma once

#include <cstdint>

namespace dpml {

enum class OptimizerKind { sgd, adam, adamw };

/// As in PyTorch, field by field.
struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::sgd;
  double learning_rate = 0;  ///< > 0
  double momentum = 0;       ///< sgd: in [0, 1)
  bool nesterov = false;     ///< sgd: needs momentum > 0
  double weight_decay = 0;   ///< >= 0; adamw decouples it from the gradient
  double beta1 = 0.9;        ///< adam, adamw: in [0, 1)
  double beta2 = 0.999;      ///< adam, adamw: in [0, 1)
  double epsilon = 1e-8;     ///< adam, adamw: > 0
};

enum class ScheduleKind { constant, step, cosine, cosine_warm_restarts };

/// The learning rate is multiplied by a factor that depends on the step number alone.
struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::constant;
  std::uint64_t warmup_steps = 0;  ///< the factor first rises linearly from 1/warmup_steps to 1
  std::uint64_t step_every = 0;    ///< step: multiply by step_factor after this many steps
  double step_factor = 0.1;        ///< step: in (0, 1]
  double final_factor =
      0;  ///< cosine: the factor in the last step; cosine_warm_restarts: what it falls towards; in [0, 1]
  std::uint64_t t_0 = 0;     ///< cosine_warm_restarts: steps of the first cycle, > 0
  std::uint64_t t_mult = 1;  ///< cosine_warm_restarts: > 0; each cycle is so many times as long as the one before
};

/// Exponential moving average of the weights; a function of released weights, so it costs no privacy. Step t = 0, 1,
/// ... keeps min(decay, (1 + t) / (10 + t)) of the average and takes the rest from the weights.
struct AveragingOptions {
  double decay = 0;  ///< in [0, 1); 0 means no averaging
};

}  // namespace dpml
