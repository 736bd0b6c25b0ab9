#include "dpml/base/name_pattern.h"
#include "dpml/base/text.h"
#include "readers.h"
#include "words.h"

namespace dpml::config {

namespace {

constexpr std::array kOptimizers{
    Word<OptimizerKind>{"sgd", OptimizerKind::sgd},
    Word<OptimizerKind>{"adam", OptimizerKind::adam},
    Word<OptimizerKind>{"adamw", OptimizerKind::adamw},
};

constexpr std::array kSchedules{
    Word<ScheduleKind>{"constant", ScheduleKind::constant},
    Word<ScheduleKind>{"step", ScheduleKind::step},
    Word<ScheduleKind>{"cosine", ScheduleKind::cosine},
    Word<ScheduleKind>{"cosine_warm_restarts", ScheduleKind::cosine_warm_restarts},
};

void read_sgd(const Section& sgd, OptimizerOptions& options) {
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

NameRule read_rename(const Section& rename) {
  const NameRule rule{.from = rename.text("from"), .to = rename.text("to")};
  if (rule.from.empty() || rule.to.empty()) return rule;  // told
  if (const std::string problem = problem_of_pattern(rule.from); !problem.empty()) {
    rename.problem("from", problem);
  } else if (const std::string target = problem_of_target(rule); !target.empty()) {
    rename.problem("to", target);
  }
  return rule;
}

void read_initial_names(const Section& runtime, RuntimeOptions& options) {
  const Section names = runtime.block("initial_names");
  if (!options.initial_model) {
    runtime.problem("initial_names", "is about the file of initial_model; state that, or leave it out");
  }
  for (const Section& rename : names.blocks("rename")) options.initial_renames.push_back(read_rename(rename));
  options.initial_fresh = names.texts("fresh");
  for (std::size_t i = 0; i < options.initial_fresh.size(); ++i) {
    const std::string problem = problem_of_pattern(options.initial_fresh[i]);
    if (!problem.empty()) names.problem(element_path("fresh", static_cast<int>(i)), problem);
  }
  if (options.initial_renames.empty() && options.initial_fresh.empty()) {
    runtime.problem("initial_names", "is empty; state rename { from: ... to: ... } or fresh: ..., or leave it out");
  }
}

}  // namespace

LossOptions read_loss(const Section& experiment) {
  LossOptions options = read_choice(experiment, "loss", kLosses).value_or(Loss::cross_entropy);
  const Section stated = experiment.block("loss_options");
  options.label_smoothing = stated.number("label_smoothing", kUnit);
  options.class_weights = stated.numbers("class_weights", kNotNegative);
  if (stated.states("ignore_index")) options.ignore_index = stated.whole_number("ignore_index", kLabel);
  options.delta = stated.number("delta", kPositive);
  return options;
}

OptimizerOptions read_optimizer(const Section& optimizer) {
  OptimizerOptions options;
  const std::string word = optimizer.required_choice("kind");
  const auto kind = meaning_of(optimizer, "kind", word, kOptimizers);
  if (!kind) return options;
  const Section section = optimizer.block(word);
  options.kind = *kind;
  options.learning_rate = section.number("learning_rate", kPositive);
  options.weight_decay = section.number("weight_decay", kNotNegative);
  switch (*kind) {
    case OptimizerKind::sgd:
      read_sgd(section, options);
      return options;
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      read_moments(section, options);
      return options;
  }
  throw InternalError("OptimizerKind: not one of the enumerated values");
}

ScheduleOptions read_schedule(const Section& schedule, std::uint64_t steps) {
  ScheduleOptions options;
  options.warmup_steps = static_cast<std::uint64_t>(schedule.whole_number("warmup_steps", kCountOrZero));
  if (steps > 0 && options.warmup_steps > steps) {
    schedule.problem("warmup_steps", "is " + std::to_string(options.warmup_steps) + " of only " +
                                         counted(steps, "step") + "; state fewer");
  }
  const std::string word = schedule.chosen("kind");
  options.kind = meaning_of(schedule, "kind", word, kSchedules).value_or(ScheduleKind::constant);
  switch (options.kind) {
    case ScheduleKind::constant:
      return options;
    case ScheduleKind::step:
      options.step_every = static_cast<std::uint64_t>(schedule.block(word).whole_number("every", kCount));
      options.step_factor = schedule.block(word).number("factor", kUnitAboveZero);
      return options;
    case ScheduleKind::cosine:
      options.final_factor = schedule.block(word).number("final_factor", kUnit);
      return options;
    case ScheduleKind::cosine_warm_restarts:
      options.t_0 = static_cast<std::uint64_t>(schedule.block(word).whole_number("t_0", kCount));
      options.t_mult = static_cast<std::uint64_t>(schedule.block(word).whole_number("t_mult", kCount));
      options.final_factor = schedule.block(word).number("final_factor", kUnit);
      return options;
  }
  throw InternalError("ScheduleKind: not one of the enumerated values");
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
  if (runtime.states("initial_names")) read_initial_names(runtime, options);
  return options;
}

}  // namespace dpml::config
