#include <cmath>

#include "canonical_text.h"
#include "dpml/base/error.h"
#include "dpml/config.pb.h"
#include "dpml/config/parse_config.h"
#include "fill_message.h"

namespace dpml {

namespace {

schema::Neighbours neighbours_of(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::add_or_remove_one:
      return schema::ADD_OR_REMOVE_ONE;
    case Neighbours::replace_one:
      return schema::REPLACE_ONE;
    case Neighbours::zero_out:
      return schema::ZERO_OUT;
  }
  throw InternalError("Neighbours: not one of the enumerated values");
}

void describe_sampler(const PrivacyOptions& options, schema::Privacy& privacy) {
  switch (options.sampler) {
    case SamplerKind::full_batch:
      privacy.mutable_full_batch()->set_public_size(std::llround(options.expected_batch_size));
      return;
    case SamplerKind::poisson: {
      schema::Poisson& poisson = *privacy.mutable_poisson();
      poisson.set_expected_batch_size(options.expected_batch_size);
      const auto size = static_cast<double>(options.public_size.value_or(0));
      // Stored is what gives the same rate to the last bit.
      if (options.public_size && options.expected_batch_size / size == options.sampling_rate) {
        poisson.set_public_size(static_cast<std::int64_t>(*options.public_size));
      } else {
        poisson.set_sampling_rate(options.sampling_rate);
      }
      return;
    }
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

void describe_initial_weights(const PrivacyOptions& options, schema::Privacy& privacy) {
  switch (options.initial_weights.value_or(InitialWeights::unknown)) {
    case InitialWeights::random:
      return;
    case InitialWeights::public_data:
      return privacy.set_initial_weights(schema::PUBLIC);
    case InitialWeights::same_people:
      return privacy.set_initial_weights(schema::SAME_PEOPLE);
    case InitialWeights::disjoint_people:
      return privacy.set_initial_weights(schema::DISJOINT_PEOPLE);
    case InitialWeights::unknown:
      return privacy.set_initial_weights(schema::UNKNOWN);
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

void describe(const PrivacyOptions& options, schema::Privacy& privacy) {
  privacy.set_unit(options.unit);
  privacy.set_neighbours(neighbours_of(options.neighbours));
  describe_sampler(options, privacy);
  privacy.set_steps(static_cast<std::int64_t>(options.steps));
  privacy.set_clip_bound(options.clip_bound);
  privacy.set_delta(options.delta);
  if (options.target_epsilon) privacy.set_target_epsilon(*options.target_epsilon);
  if (options.noise_multiplier) privacy.set_noise_multiplier(*options.noise_multiplier);
  if (options.epsilon_budget) privacy.set_epsilon_budget(*options.epsilon_budget);
  privacy.set_accountant(options.accountant);
  if (options.seed) privacy.set_seed(*options.seed);
  describe_initial_weights(options, privacy);
  privacy.set_plans_fixed_in_advance(options.plans_fixed_in_advance);
}

schema::Loss loss_of(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
      return schema::CROSS_ENTROPY;
    case Loss::mean_squared_error:
      return schema::MEAN_SQUARED_ERROR;
    case Loss::binary_cross_entropy:
      return schema::BINARY_CROSS_ENTROPY;
    case Loss::huber:
      return schema::HUBER;
    case Loss::cosine:
      return schema::COSINE;
  }
  throw InternalError("Loss: not one of the enumerated values");
}

void describe(const LossOptions& loss, schema::Experiment& experiment) {
  experiment.set_loss(loss_of(loss.kind));
  schema::LossOptions& options = *experiment.mutable_loss_options();
  options.set_label_smoothing(loss.label_smoothing);
  for (const double weight : loss.class_weights) options.add_class_weights(weight);
  if (loss.ignore_index) options.set_ignore_index(*loss.ignore_index);
  options.set_delta(loss.delta);
}

template <class Adam>
void describe_adam(const OptimizerOptions& options, Adam& adam) {
  adam.set_learning_rate(options.learning_rate);
  adam.set_beta1(options.beta1);
  adam.set_beta2(options.beta2);
  adam.set_epsilon(options.epsilon);
  adam.set_weight_decay(options.weight_decay);
}

void describe(const OptimizerOptions& options, schema::Optimizer& optimizer) {
  switch (options.kind) {
    case OptimizerKind::sgd:
      optimizer.mutable_sgd()->set_learning_rate(options.learning_rate);
      optimizer.mutable_sgd()->set_momentum(options.momentum);
      optimizer.mutable_sgd()->set_nesterov(options.nesterov);
      optimizer.mutable_sgd()->set_weight_decay(options.weight_decay);
      return;
    case OptimizerKind::adam:
      return describe_adam(options, *optimizer.mutable_adam());
    case OptimizerKind::adamw:
      return describe_adam(options, *optimizer.mutable_adamw());
  }
  throw InternalError("OptimizerKind: not one of the enumerated values");
}

void describe(const ScheduleOptions& options, schema::Schedule& schedule) {
  schedule.set_warmup_steps(static_cast<std::int64_t>(options.warmup_steps));
  switch (options.kind) {
    case ScheduleKind::constant:
      schedule.mutable_constant();
      return;
    case ScheduleKind::step:
      schedule.mutable_step()->set_every(static_cast<std::int64_t>(options.step_every));
      schedule.mutable_step()->set_factor(options.step_factor);
      return;
    case ScheduleKind::cosine:
      schedule.mutable_cosine()->set_final_factor(options.final_factor);
      return;
    case ScheduleKind::cosine_warm_restarts: {
      schema::CosineWarmRestarts& restarts = *schedule.mutable_cosine_warm_restarts();
      restarts.set_t_0(static_cast<std::int64_t>(options.t_0));
      restarts.set_t_mult(static_cast<std::int64_t>(options.t_mult));
      restarts.set_final_factor(options.final_factor);
      return;
    }
  }
  throw InternalError("ScheduleKind: not one of the enumerated values");
}

}  // namespace

std::string describe_program(const std::string& program, const PrivacyOptions& privacy, const LossOptions& loss,
                             const OptimizerOptions& optimizer, const ScheduleOptions& schedule,
                             const AveragingOptions& averaging) {
  schema::Experiment message;
  describe(privacy, *message.mutable_privacy());
  describe(loss, message);
  describe(optimizer, *message.mutable_optimizer());
  describe(schedule, *message.mutable_schedule());
  message.mutable_averaging()->set_decay(averaging.decay);
  message.mutable_program()->set_name(program);
  config::fill_defaults(message);
  std::string text = config::canonical_text(message);
  parse_stored_config(text, "the training of \"" + program + "\"", config::kNewestVersion);  // or says what is wrong
  return text;
}

}  // namespace dpml
