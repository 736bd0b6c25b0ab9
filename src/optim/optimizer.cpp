#include "dpml/optim/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/parallel.h"
#include "dpml/base/text.h"
#include "dpml/base/vectorised.h"
#include "dpml/optim/schedule.h"
#include "dpml/tensor/number_rule.h"

namespace dpml {

namespace {

constexpr Index kPiece = 4096;              // numbers of one tensor that a thread updates at a time
constexpr double kSecondsPerNumber = 1e-9;  // of an update, roughly

void require(bool holds, const std::string& name, double value, const std::string& expected) {
  if (!holds) throw ConfigError("optimizer: " + name + " is " + to_text(value) + ", expected " + expected);
}

void validate(const OptimizerOptions& options) {
  const auto in_unit = [](double value) { return value >= 0 && value < 1; };
  require(options.learning_rate > 0 && std::isfinite(options.learning_rate), "learning_rate", options.learning_rate,
          "a finite number above 0");
  require(options.weight_decay >= 0 && std::isfinite(options.weight_decay), "weight_decay", options.weight_decay,
          "a finite number, 0 or more");
  require(in_unit(options.momentum), "momentum", options.momentum, "a number in [0, 1)");
  require(!options.nesterov || options.momentum > 0, "momentum", options.momentum,
          "a number above 0, because nesterov is on");
  require(in_unit(options.beta1), "beta1", options.beta1, "a number in [0, 1)");
  require(in_unit(options.beta2), "beta2", options.beta2, "a number in [0, 1)");
  require(options.epsilon > 0, "epsilon", options.epsilon, "a number above 0");
}

/// What an optimizer remembers of each parameter, by name.
std::vector<std::string> memory_names(const OptimizerOptions& options) {
  switch (options.kind) {
    case OptimizerKind::sgd:
      return options.momentum > 0 ? std::vector<std::string>{"momentum"} : std::vector<std::string>{};
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      return {"mean", "square"};
  }
  throw InternalError("OptimizerKind: not one of the enumerated values");
}

/// What the optimizers share: parameters, learning rate, memory by name.
class BaseOptimizer : public Optimizer {
 public:
  BaseOptimizer(const OptimizerOptions& options, const ScheduleOptions& schedule, std::uint64_t total_steps,
                std::span<Parameter* const> parameters, int threads)
      : options_(options),
        schedule_(schedule),
        total_steps_(total_steps),
        threads_(threads),
        memory_names_(memory_names(options)) {
    for (Parameter* parameter : parameters) {
      if (parameter->trainable()) parameters_.push_back(parameter);
    }
    memory_.resize(memory_names_.size());
    for (std::vector<Tensor>& tensors : memory_) {
      for (const Parameter* parameter : parameters_) tensors.push_back(Tensor::zeros(parameter->shape()));
    }
  }

  bool apply(const NoisyGradient& gradient, std::uint64_t step) final {
    const std::vector<Tensor>& tensors = gradient.tensors();
    if (tensors.size() != parameters_.size()) {
      throw ShapeError("a gradient of " + std::to_string(tensors.size()) + " tensors for " +
                       std::to_string(parameters_.size()) + " trainable parameters");
    }
    const double learning_rate = options_.learning_rate * learning_rate_factor(schedule_, step, total_steps_);
    bool are_finite = true;
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      if (tensors[p].shape() != parameters_[p]->shape()) {
        throw ShapeError("a gradient of shape " + tensors[p].shape().to_text() + " for parameter \"" +
                         parameters_[p]->name() + "\" of shape " + parameters_[p]->shape().to_text());
      }
      are_finite = update(p, tensors[p].data(), learning_rate, step) && are_finite;
      parameters_[p]->restore_zeros();
    }
    return are_finite;
  }

  std::vector<OptimizerState> state() const final {
    std::vector<OptimizerState> state;
    for (std::size_t k = 0; k < memory_.size(); ++k) {
      for (std::size_t p = 0; p < parameters_.size(); ++p) {
        state.push_back({memory_names_[k] + "." + std::to_string(p), memory_[k][p]});
      }
    }
    return state;
  }

  void restore(std::span<const OptimizerState> state) final {
    const std::vector<OptimizerState> own = this->state();
    bool fits = own.size() == state.size();
    for (std::size_t i = 0; fits && i < own.size(); ++i) {
      fits = own[i].name == state[i].name && own[i].value.shape() == state[i].value.shape();
    }
    if (!fits) {
      throw ConfigError(
          "the saved optimizer state belongs to another optimizer or model; resume with the config that started the "
          "run");
    }
    for (std::size_t i = 0; i < own.size(); ++i)
      memory_[i / parameters_.size()][i % parameters_.size()] = state[i].value.clone();
  }

 protected:
  /// Calls change(i) for every number of a weight; in parallel, and in vectors. Whether all of it is finite afterwards,
  /// which is seen while a piece is in the cache.
  template <class Change>
  bool for_each(const float* weight, Index size, Change change) const {
    const int threads = threads_worth(static_cast<double>(size) * kSecondsPerNumber, threads_);
    std::atomic<bool> are_finite{true};
    parallel_for(threads, (size + kPiece - 1) / kPiece, [&](std::int64_t piece) {
      const Index first = piece * kPiece;
      const Index last = std::min(size, first + kPiece);
      vectorised([change, first, last] {
#pragma omp simd
        for (Index i = first; i < last; ++i) change(i);
      });
      if (!all_finite({weight + first, weight + last})) are_finite = false;
    });
    return are_finite;
  }

  /// Whether the weight is finite afterwards.
  virtual bool update(std::size_t p, const float* gradient, double learning_rate, std::uint64_t step) = 0;

  OptimizerOptions options_;
  ScheduleOptions schedule_;
  std::uint64_t total_steps_;
  int threads_;
  std::vector<std::string> memory_names_;
  std::vector<Parameter*> parameters_;
  std::vector<std::vector<Tensor>> memory_;  // by name, by parameter
};

class Sgd final : public BaseOptimizer {
 public:
  using BaseOptimizer::BaseOptimizer;

 private:
  bool update(std::size_t p, const float* gradient, double rate, std::uint64_t) override {
    const Index size = parameters_[p]->size();
    float* weight = parameters_[p]->mutable_data();
    const auto learning_rate = static_cast<float>(rate);
    const auto decay = static_cast<float>(options_.weight_decay);
    const auto momentum = static_cast<float>(options_.momentum);
    if (options_.momentum == 0) {
      return for_each(weight, size, [=](Index i) { weight[i] -= learning_rate * (gradient[i] + decay * weight[i]); });
    }
    float* velocity = memory_[0][p].mutable_data();
    const float of_gradient = options_.nesterov ? 1.0F : 0.0F;
    const float of_velocity = options_.nesterov ? momentum : 1.0F;
    return for_each(weight, size, [=](Index i) {
      const float g = gradient[i] + decay * weight[i];
      velocity[i] = momentum * velocity[i] + g;
      weight[i] -= learning_rate * (of_gradient * g + of_velocity * velocity[i]);
    });
  }
};

/// What the weight decay shrinks: in Adam the gradient sees it, in AdamW the weights alone.
enum class WeightDecay { in_the_gradient, decoupled };

/// Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2).
class Adam final : public BaseOptimizer {
 public:
  Adam(const OptimizerOptions& options, const ScheduleOptions& schedule, std::uint64_t total_steps,
       std::span<Parameter* const> parameters, int threads, WeightDecay weight_decay)
      : BaseOptimizer(options, schedule, total_steps, parameters, threads), weight_decay_(weight_decay) {}

 private:
  bool update(std::size_t p, const float* gradient, double rate, std::uint64_t step) override {
    const Index size = parameters_[p]->size();
    float* weight = parameters_[p]->mutable_data();
    float* mean = memory_[0][p].mutable_data();
    float* square = memory_[1][p].mutable_data();
    const auto t = static_cast<double>(step + 1);
    const auto step_size = static_cast<float>(rate / (1 - std::pow(options_.beta1, t)));
    const auto square_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
    const bool decoupled = weight_decay_ == WeightDecay::decoupled;
    const auto keep = static_cast<float>(decoupled ? 1 - rate * options_.weight_decay : 1);
    const auto decay = static_cast<float>(decoupled ? 0 : options_.weight_decay);
    const auto beta1 = static_cast<float>(options_.beta1);
    const auto beta2 = static_cast<float>(options_.beta2);
    const auto rest1 = static_cast<float>(1 - options_.beta1);
    const auto rest2 = static_cast<float>(1 - options_.beta2);
    const auto epsilon = static_cast<float>(options_.epsilon);
    return for_each(weight, size, [=](Index i) {
      const float g = gradient[i] + decay * weight[i];
      mean[i] = beta1 * mean[i] + rest1 * g;
      square[i] = beta2 * square[i] + rest2 * g * g;
      weight[i] = keep * weight[i] - step_size * mean[i] / (std::sqrt(square[i]) * square_correction + epsilon);
    });
  }

  WeightDecay weight_decay_;
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, const ScheduleOptions& schedule,
                                          std::uint64_t total_steps, std::span<Parameter* const> parameters,
                                          int threads) {
  validate(options);
  validate(schedule);
  switch (options.kind) {
    case OptimizerKind::sgd:
      return std::make_unique<Sgd>(options, schedule, total_steps, parameters, threads);
    case OptimizerKind::adam:
      return std::make_unique<Adam>(options, schedule, total_steps, parameters, threads, WeightDecay::in_the_gradient);
    case OptimizerKind::adamw:
      return std::make_unique<Adam>(options, schedule, total_steps, parameters, threads, WeightDecay::decoupled);
  }
  throw InternalError("OptimizerKind: not one of the enumerated values");
}

int memory_tensors(const OptimizerOptions& options) {
  return static_cast<int>(memory_names(options).size());
}

}  // namespace dpml
