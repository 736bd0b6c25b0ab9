#include "dpml/optim/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/random_tensor.h"
#include "dpml/base/error.h"
#include "dpml/optim/schedule.h"
#include "dpsgd/released.h"

namespace dpml {
namespace {

constexpr std::uint64_t kSteps = 12;

/// The update rules of Kingma and Ba 2015, Loshchilov and Hutter 2019, and PyTorch's momentum, in double, number by
/// number.
class PlainOptimizer {
 public:
  PlainOptimizer(const OptimizerOptions& options, const ScheduleOptions& schedule,
                 const std::vector<Parameter*>& parameters)
      : options_(options), schedule_(schedule) {
    for (const Parameter* parameter : parameters) {
      weights.emplace_back(parameter->tensor().values().begin(), parameter->tensor().values().end());
      first_.emplace_back(weights.back().size());
      second_.emplace_back(weights.back().size());
    }
  }

  void apply(const std::vector<Tensor>& gradient, std::uint64_t step) {
    const double rate = options_.learning_rate * learning_rate_factor(schedule_, step, kSteps);
    for (std::size_t p = 0; p < weights.size(); ++p) {
      for (std::size_t i = 0; i < weights[p].size(); ++i) {
        update(weights[p][i], gradient[p].values()[i], first_[p][i], second_[p][i], rate,
               static_cast<double>(step + 1));
      }
    }
  }

  std::vector<std::vector<double>> weights;

 private:
  void update(double& weight, double gradient, double& first, double& second, double rate, double t) const {
    const OptimizerOptions& o = options_;
    if (o.kind == OptimizerKind::adamw) {
      weight -= rate * o.weight_decay * weight;
    } else {
      gradient += o.weight_decay * weight;
    }
    if (o.kind == OptimizerKind::sgd) {
      first = o.momentum * first + gradient;
      weight -= rate * (o.nesterov ? gradient + o.momentum * first : first);
      return;
    }
    first = o.beta1 * first + (1 - o.beta1) * gradient;
    second = o.beta2 * second + (1 - o.beta2) * gradient * gradient;
    const double mean = first / (1 - std::pow(o.beta1, t));
    const double square = second / (1 - std::pow(o.beta2, t));
    weight -= rate * mean / (std::sqrt(square) + o.epsilon);
  }

  OptimizerOptions options_;
  ScheduleOptions schedule_;
  std::vector<std::vector<double>> first_;
  std::vector<std::vector<double>> second_;
};

std::vector<OptimizerOptions> optimizers() {
  std::vector<OptimizerOptions> all;
  for (const double weight_decay : {0.0, 0.3}) {
    all.push_back({.kind = OptimizerKind::sgd, .learning_rate = 0.1, .weight_decay = weight_decay});
    all.push_back({.kind = OptimizerKind::sgd, .learning_rate = 0.1, .momentum = 0.9, .weight_decay = weight_decay});
    all.push_back({.kind = OptimizerKind::sgd,
                   .learning_rate = 0.1,
                   .momentum = 0.8,
                   .nesterov = true,
                   .weight_decay = weight_decay});
    all.push_back({.kind = OptimizerKind::adam, .learning_rate = 0.05, .weight_decay = weight_decay});
    all.push_back({.kind = OptimizerKind::adam,
                   .learning_rate = 0.05,
                   .weight_decay = weight_decay,
                   .beta1 = 0.5,
                   .beta2 = 0.8,
                   .epsilon = 0.1});
    all.push_back({.kind = OptimizerKind::adamw, .learning_rate = 0.05, .weight_decay = weight_decay});
  }
  return all;
}

std::string describe(const OptimizerOptions& options) {
  return "kind " + std::to_string(static_cast<int>(options.kind)) + ", momentum " + std::to_string(options.momentum) +
         ", nesterov " + std::to_string(options.nesterov) + ", decay " + std::to_string(options.weight_decay);
}

class OptimizerTest : public testing::Test {
 protected:
  Parameter weight_{"weight", random_tensor(Shape{7, 5}, 1)};
  Parameter bias_{"bias", random_tensor(Shape{3}, 2)};
  const std::vector<Parameter*> parameters_{&weight_, &bias_};

  void reset() {
    weight_.set(random_tensor(weight_.shape(), 1));
    bias_.set(random_tensor(bias_.shape(), 2));
  }

  std::vector<Tensor> gradient(std::uint64_t step) const {
    return {random_tensor(weight_.shape(), 100 + step), random_tensor(bias_.shape(), 200 + step)};
  }

  std::vector<float> numbers() const {
    std::vector<float> all(weight_.tensor().data(), weight_.tensor().data() + weight_.size());
    all.insert(all.end(), bias_.tensor().data(), bias_.tensor().data() + bias_.size());
    return all;
  }
};

TEST_F(OptimizerTest, EveryKindDoesWhatAPlainLoopInDoubleDoes) {
  const ScheduleOptions decaying{.kind = ScheduleKind::cosine, .warmup_steps = 3, .final_factor = 0.1};
  for (const OptimizerOptions& options : optimizers()) {
    for (const ScheduleOptions& schedule : {ScheduleOptions{}, decaying}) {
      reset();
      PlainOptimizer plain(options, schedule, parameters_);
      const auto optimizer = make_optimizer(options, schedule, kSteps, parameters_);
      for (std::uint64_t step = 0; step < kSteps; ++step) {
        optimizer->apply(gradient_of(parameters_, gradient(step)), step);
        plain.apply(gradient(step), step);
        for (std::size_t p = 0; p < parameters_.size(); ++p) {
          for (std::size_t i = 0; i < plain.weights[p].size(); ++i) {
            ASSERT_NEAR(parameters_[p]->tensor().values()[i], plain.weights[p][i], 5e-6)
                << describe(options) << ", step " << step;
          }
        }
      }
    }
  }
}

TEST_F(OptimizerTest, BitsDoNotDependOnThreads) {
  Parameter large("large", random_tensor(Shape{100003}, 3));
  const std::vector<Parameter*> parameters{&large};
  for (const OptimizerOptions& options : optimizers()) {
    std::vector<float> of_one_thread;
    for (const int threads : {1, 3}) {
      large.set(random_tensor(large.shape(), 3));
      const auto optimizer = make_optimizer(options, {}, kSteps, parameters, threads);
      for (std::uint64_t step = 0; step < 2; ++step) {
        optimizer->apply(gradient_of(parameters, {random_tensor(large.shape(), 4 + step)}), step);
      }
      const std::vector<float> got(large.tensor().data(), large.tensor().data() + large.size());
      if (threads == 1) of_one_thread = got;
      EXPECT_EQ(got, of_one_thread) << describe(options);
    }
  }
}

TEST_F(OptimizerTest, GoesOnBitForBitFromASavedState) {
  for (const OptimizerOptions& options : optimizers()) {
    reset();
    const auto whole = make_optimizer(options, {}, kSteps, parameters_);
    for (std::uint64_t step = 0; step < 6; ++step) whole->apply(gradient_of(parameters_, gradient(step)), step);
    const std::vector<float> expected = numbers();

    reset();
    const auto first = make_optimizer(options, {}, kSteps, parameters_);
    for (std::uint64_t step = 0; step < 3; ++step) first->apply(gradient_of(parameters_, gradient(step)), step);
    std::vector<OptimizerState> saved;
    std::vector<std::vector<float>> written;
    for (const OptimizerState& state : first->state()) {
      saved.push_back({state.name, state.value.clone()});
      written.emplace_back(state.value.values().begin(), state.value.values().end());
    }
    first->apply(gradient_of(parameters_, gradient(99)), 3);  // what comes after the save must not reach it

    reset();
    const auto early = make_optimizer(options, {}, kSteps, parameters_);
    for (std::uint64_t step = 0; step < 3; ++step) early->apply(gradient_of(parameters_, gradient(step)), step);
    const auto second = make_optimizer(options, {}, kSteps, parameters_);
    second->restore(saved);
    for (std::uint64_t step = 3; step < 6; ++step) second->apply(gradient_of(parameters_, gradient(step)), step);
    EXPECT_EQ(numbers(), expected) << describe(options);
    for (std::size_t i = 0; i < saved.size(); ++i) {
      EXPECT_TRUE(std::ranges::equal(saved[i].value.values(), written[i])) << "what was saved must not be written to";
    }
  }
}

TEST_F(OptimizerTest, NamesItsStateByParameter) {
  const auto names = [&](const OptimizerOptions& options) {
    std::string all;
    for (const OptimizerState& state : make_optimizer(options, {}, 1, parameters_)->state()) all += state.name + " ";
    return all;
  };
  EXPECT_EQ(names({.kind = OptimizerKind::sgd, .learning_rate = 1}), "");
  EXPECT_EQ(names({.kind = OptimizerKind::sgd, .learning_rate = 1, .momentum = 0.5}), "momentum.0 momentum.1 ");
  EXPECT_EQ(names({.kind = OptimizerKind::adam, .learning_rate = 1}), "mean.0 mean.1 square.0 square.1 ");
}

TEST_F(OptimizerTest, RemembersAsManyTensorsAsItSays) {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
    for (const double momentum : {0.0, 0.9}) {
      const OptimizerOptions options{.kind = kind, .learning_rate = 1, .momentum = momentum};
      const auto made = make_optimizer(options, {}, 1, parameters_);
      EXPECT_EQ(made->state().size(), static_cast<std::size_t>(memory_tensors(options)) * parameters_.size());
    }
  }
}

TEST_F(OptimizerTest, RefusesAStateThatIsNotItsOwn) {
  const OptimizerOptions momentum{.kind = OptimizerKind::sgd, .learning_rate = 1, .momentum = 0.5};
  const OptimizerOptions adam{.kind = OptimizerKind::adam, .learning_rate = 1};
  const auto optimizer = make_optimizer(momentum, {}, 1, parameters_);
  EXPECT_THROW(optimizer->restore(make_optimizer(adam, {}, 1, parameters_)->state()), ConfigError);
  EXPECT_THROW(optimizer->restore({}), ConfigError);
  std::vector<OptimizerState> other_shape = optimizer->state();
  other_shape[1].value = Tensor::zeros(Shape{4});
  EXPECT_THROW(optimizer->restore(other_shape), ConfigError);
  std::vector<OptimizerState> other_name = optimizer->state();
  other_name[0].name = "momentum.7";
  EXPECT_THROW(optimizer->restore(other_name), ConfigError);
}

TEST_F(OptimizerTest, LeavesFrozenParametersAlone) {
  weight_.set_trainable(false);
  const std::vector<float> before = numbers();
  const auto optimizer =
      make_optimizer({.kind = OptimizerKind::adamw, .learning_rate = 1, .weight_decay = 0.5}, {}, 1, parameters_);
  optimizer->apply(gradient_of(parameters_, {random_tensor(bias_.shape(), 5)}), 0);
  const std::vector<float> after = numbers();
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i] == before[i], i < static_cast<std::size_t>(weight_.size())) << i;
  }
}

TEST_F(OptimizerTest, LeavesZerosThatAreKept) {
  for (const OptimizerOptions& options : optimizers()) {
    reset();
    weight_.keep_zero(5, 10);
    const auto optimizer = make_optimizer(options, {}, kSteps, parameters_);
    for (std::uint64_t step = 0; step < 2; ++step) {
      optimizer->apply(gradient_of(parameters_, gradient(step)), step);
      for (Index i = 0; i < weight_.size(); ++i) {
        EXPECT_EQ(weight_.tensor().data()[i] == 0, i >= 5 && i < 10) << describe(options) << ", number " << i;
      }
    }
  }
}

TEST_F(OptimizerTest, TellsWhetherTheWeightsStayFinite) {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
    const std::vector<Parameter*> parameters{&weight_, &bias_};
    const auto optimizer = make_optimizer({.kind = kind, .learning_rate = 0.1}, {}, 3, parameters);
    EXPECT_TRUE(optimizer->apply(gradient_of(parameters, gradient(0)), 0));
    std::vector<Tensor> broken = gradient(1);
    broken[0].mutable_values().back() = std::numeric_limits<float>::infinity();
    EXPECT_FALSE(optimizer->apply(gradient_of(parameters, broken), 1));
    EXPECT_FALSE(optimizer->apply(gradient_of(parameters, gradient(2)), 2)) << "it stays so";
    weight_.set(random_tensor(weight_.shape(), 3));
  }
}

TEST_F(OptimizerTest, RefusesAGradientMadeForOtherParameters) {
  const auto optimizer = make_optimizer({.kind = OptimizerKind::sgd, .learning_rate = 1}, {}, 1, parameters_);
  const std::vector<Parameter*> one{&weight_};
  EXPECT_THROW(optimizer->apply(gradient_of(one, {gradient(0)[0]}), 0), ShapeError);
  const std::vector<Parameter*> swapped{&bias_, &weight_};
  EXPECT_THROW(optimizer->apply(gradient_of(swapped, {gradient(0)[1], gradient(0)[0]}), 0), ShapeError);
}

TEST_F(OptimizerTest, RefusesByNameWhatIsImpossible) {
  const auto message = [&](const OptimizerOptions& options, const ScheduleOptions& schedule = {}) -> std::string {
    try {
      make_optimizer(options, schedule, 10, parameters_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const auto expect = [](const std::string& got, const std::string& part) {
    EXPECT_NE(got.find(part), std::string::npos) << got;
  };
  expect(message({.learning_rate = 0}), "learning_rate is 0");
  expect(message({.learning_rate = infinity}), "learning_rate is inf");
  expect(message({.learning_rate = 1, .momentum = 1}), "momentum is 1");
  expect(message({.learning_rate = 1, .momentum = -0.1}), "momentum is -0.1");
  expect(message({.learning_rate = 1, .nesterov = true}), "nesterov");
  expect(message({.learning_rate = 1, .weight_decay = -1}), "weight_decay is -1");
  expect(message({.learning_rate = 1, .beta1 = 1}), "beta1 is 1");
  expect(message({.learning_rate = 1, .beta2 = std::nan("")}), "beta2 is nan");
  expect(message({.learning_rate = 1, .epsilon = 0}), "epsilon is 0");
  expect(message({.learning_rate = 1}, {.kind = ScheduleKind::step}), "every is 0");
  expect(message({.learning_rate = 1}, {.kind = ScheduleKind::step, .step_every = 1, .step_factor = 1.5}),
         "factor is 1.5");
  expect(message({.learning_rate = 1}, {.kind = ScheduleKind::cosine, .final_factor = -1}), "final factor is -1");
  expect(message({.learning_rate = 1}, {.kind = ScheduleKind::cosine_warm_restarts}), "t_0 is 0");
  expect(message({.learning_rate = 1}, {.kind = ScheduleKind::cosine_warm_restarts, .t_0 = 1, .t_mult = 0}),
         "t_mult is 0");
}

}  // namespace
}  // namespace dpml
