#include "dpml/base/text.h"
#include "readers.h"

namespace dpml::config {

namespace {

void read_sgd(const Section& sgd, OptimizerOptions& options) {
  options.kind = OptimizerKind::sgd;
  options.momentum = sgd.number("momentum", kUnitBelowOne);
  options.nesterov = sgd.flag("nesterov");
  if (options.nesterov && options.momentum == 0) {
    sgd.problem("nesterov", "needs momentum; state a momentum above 0, or leave nesterov out");
  }
}

void read_moments(const Section& adam, OptimizerOptions& options) {
  options.beta1 = adam.number("beta1", kUnitBelowOne);
  options.beta2 = adam.number("beta2", kUnitBelowOne);
  options.epsilon = adam.number("epsilon", kPositive);
}

}  // namespace

Loss read_loss(const Section& experiment) {
  const std::string name = experiment.choice("loss");
  if (name == "MEAN_SQUARED_ERROR") return Loss::mean_squared_error;
  if (name == "BINARY_CROSS_ENTROPY") return Loss::binary_cross_entropy;
  return Loss::cross_entropy;
}

OptimizerOptions read_optimizer(const Section& optimizer) {
  OptimizerOptions options;
  const std::string kind = optimizer.required_choice("kind");
  if (kind.empty()) return options;
  const Section section = optimizer.block(kind);
  options.learning_rate = section.number("learning_rate", kPositive);
  options.weight_decay = section.number("weight_decay", kNotNegative);
  if (kind == "sgd") {
    read_sgd(section, options);
  } else {
    options.kind = kind == "adam" ? OptimizerKind::adam : OptimizerKind::adamw;
    read_moments(section, options);
  }
  return options;
}

ScheduleOptions read_schedule(const Section& schedule, std::uint64_t steps) {
  ScheduleOptions options;
  options.warmup_steps = static_cast<std::uint64_t>(schedule.whole_number("warmup_steps", kCountOrZero));
  if (steps > 0 && options.warmup_steps > steps) {
    schedule.problem("warmup_steps", "is " + std::to_string(options.warmup_steps) + " of only " +
                                         counted(steps, "step") + "; state fewer");
  }
  const std::string kind = schedule.chosen("kind");
  if (kind == "step") {
    options.kind = ScheduleKind::step;
    options.step_every = static_cast<std::uint64_t>(schedule.block(kind).whole_number("every", kCount));
    options.step_factor = schedule.block(kind).number("factor", kUnitAboveZero);
  }
  if (kind == "cosine") {
    options.kind = ScheduleKind::cosine;
    options.final_factor = schedule.block(kind).number("final_factor", kUnit);
  }
  return options;
}

AveragingOptions read_averaging(const Section& averaging) {
  return {.decay = averaging.number("decay", kUnitBelowOne)};
}

RuntimeOptions read_runtime(const Section& runtime) {
  constexpr WholeRange kThreads{0, RuntimeOptions::kMostThreads};
  RuntimeOptions options;
  options.threads = static_cast<int>(runtime.whole_number("threads", kThreads));
  options.physical_batch = runtime.whole_number("physical_batch", kSizeOrZero);
  options.checkpoint_every_seconds = runtime.number("checkpoint_every_seconds", kNotNegative);
  options.evaluate_every_epoch = runtime.flag("evaluate_every_epoch");
  if (runtime.states("initial_model")) options.initial_model = runtime.text("initial_model");
  return options;
}

}  // namespace dpml::config
