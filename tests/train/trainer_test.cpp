#include "dpml/train/trainer.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "train/small_training.h"

namespace dpml {
namespace {

void take_steps(Trainer& trainer, int count) {
  for (int i = 0; i < count; ++i) ASSERT_TRUE(trainer.step());
}

TEST(Trainer, GivesTheSameBitsForAnyNumberOfThreadsAndAnyPhysicalBatch) {
  const TensorDataset data = two_classes(1001);
  for (const bool is_private : {true, false}) {
    PrivacyOptions privacy = small_privacy();
    if (!is_private) {
      privacy.clip_bound = std::numeric_limits<double>::infinity();
      privacy.noise_multiplier = 0;
    }
    TrainingOptions options = small_options();
    std::set<std::string> digests;
    for (const int threads : {1, 2, 3, 7}) {
      for (const Index physical_batch : {1, 2, 7, 1000, 0}) {
        options.threads = threads;
        options.physical_batch = physical_batch;
        const auto model = small_model();
        Trainer trainer(*model, data, TrainingPlan(privacy), options);
        take_steps(trainer, 12);
        digests.insert(digest_of(trainer.state()));
      }
    }
    // Without a clip bound a library may multiply, whose bits depend on the number of rows.
    if (is_private || gemm_description(Products::library) == gemm_description(Products::own)) {
      EXPECT_EQ(digests.size(), 1U) << (is_private ? "private" : "not private");
    }
  }
}

/// Without samples a step of plain SGD at learning rate 1 adds noise / expected batch size and nothing else.
/// 40 steps of 58 weights are 2,320 numbers: their variance is right within 20 % but for a chance of 1e-11.
void expect_pure_noise(const Dataset& data, double sampling_rate) {
  PrivacyOptions privacy = small_privacy();
  privacy.sampling_rate = sampling_rate;
  privacy.clip_bound = 0.5;
  privacy.steps = 40;
  const TrainingPlan plan(privacy);
  TrainingOptions options = small_options();
  options.optimizer.learning_rate = 1;
  options.optimizer.momentum = 0;
  options.averaging.decay = 0;
  const auto model = small_model();
  Trainer trainer(*model, data, plan, options);
  double squares = 0;
  Index numbers = 0;
  for (std::uint64_t step = 1; step <= 40; ++step) {
    const std::vector<NamedTensor> before = copies_of(named_weights(*model));
    ASSERT_TRUE(trainer.step());
    EXPECT_EQ(trainer.last_step().batch_size, 0);
    EXPECT_EQ(trainer.last_step().mean_loss, 0);
    EXPECT_EQ(trainer.ledger().releases(), step);
    const std::vector<NamedTensor> after = named_weights(*model);
    for (std::size_t i = 0; i < after.size(); ++i) {
      for (Index j = 0; j < after[i].value.size(); ++j) {
        const double change = static_cast<double>(after[i].value.data()[j]) - before[i].value.data()[j];
        squares += change * change;
        ++numbers;
      }
    }
  }
  EXPECT_EQ(numbers, 40 * count_parameters(*model));
  const double expected = 0.8 * 0.5 / 25;
  EXPECT_NEAR(squares / static_cast<double>(numbers), expected * expected, 0.2 * expected * expected);
  EXPECT_FALSE(trainer.step());
}

TEST(Trainer, PaysForEmptyBatchesAndAddsTheirNoise) {
  expect_pure_noise(two_classes(50), 1e-9);
}

TEST(Trainer, TrainsOnNoSamplesAtAll) {
  expect_pure_noise(two_classes(0), 0.25);
  expect_pure_noise(two_classes(0), 1);
}

TEST(Trainer, TrainsOnASingleSample) {
  const TensorDataset data = two_classes(1);
  const auto model = small_model();
  Trainer trainer(*model, data, TrainingPlan(small_privacy()), small_options());
  Index drawn = 0;
  while (trainer.step()) {
    ASSERT_LE(trainer.last_step().batch_size, 1);
    drawn += trainer.last_step().batch_size;
  }
  EXPECT_GT(drawn, 0);  // of 12 draws at rate 1/4, from a fixed seed
  EXPECT_LT(drawn, 12);
  EXPECT_EQ(trainer.ledger().releases(), 12U);
}

TEST(Trainer, DoesNotGoOnFromALedgerThatLeavesTooLittleOfTheBudget) {
  PrivacyOptions privacy = small_privacy();
  privacy.noise_multiplier.reset();
  privacy.target_epsilon = 2;
  const TensorDataset data = two_classes(10);
  const auto model = small_model();
  const TrainingPlan plan(privacy);
  const auto resume = [&](double factor) {
    Ledger spent(privacy.neighbours);
    spent.append(PoissonSampled{privacy.sampling_rate, Gaussian{plan.noise_multiplier() * factor}}, 5);
    Trainer(*model, data, plan, small_options()).resume_ledger(spent);
  };
  EXPECT_NO_THROW(resume(1));
  EXPECT_NO_THROW(resume(2));
  EXPECT_THROW(resume(0.5), PrivacyError);
}

TEST(Trainer, LetsTheNumberOfRowsEnterNoFormula) {
  // Rows whose gradients are not numbers are drawn, weigh nothing and so show what depends on the count alone.
  const TensorDataset few = two_classes(60);
  Tensor inputs = Tensor::filled(Shape{500, 4}, std::numeric_limits<float>::quiet_NaN());
  Tensor labels = Tensor::zeros(Shape{500});
  std::vector<Index> rows(60);
  for (Index i = 0; i < 60; ++i) rows[static_cast<std::size_t>(i)] = i;
  Batch batch;
  few.read(rows, batch);
  std::copy_n(batch.inputs.data(), batch.inputs.size(), inputs.mutable_data());
  std::copy_n(batch.labels.data(), batch.labels.size(), labels.mutable_data());
  const TensorDataset many{NumericArray(inputs), labels};
  const TrainingPlan plan(small_privacy());
  const auto with_few = small_model();
  const auto with_many = small_model();
  const Ledger ledger = train(*with_few, few, plan, small_options());
  EXPECT_EQ(train(*with_many, many, plan, small_options()), ledger);
  EXPECT_LT(largest_difference(named_weights(*with_few), named_weights(*with_many)), 1e-5);
}

TEST(Trainer, StopsWhenThePlanIsUsedUp) {
  const TensorDataset data = two_classes(60);
  const auto model = small_model();
  Trainer trainer(*model, data, TrainingPlan(small_privacy()), small_options());
  take_steps(trainer, 12);
  const std::string before = digest_of(trainer.state());
  EXPECT_FALSE(trainer.step());
  EXPECT_FALSE(trainer.step());
  EXPECT_EQ(digest_of(trainer.state()), before);
  EXPECT_EQ(trainer.steps(), 12U);
  ASSERT_EQ(trainer.ledger().entries().size(), 1U);
  EXPECT_EQ(trainer.ledger().entries()[0].event, Event(PoissonSampled{0.25, Gaussian{0.8}}));
  EXPECT_EQ(trainer.ledger().releases(), 12U);
}

TEST(Trainer, CountsWhatEarlierPartsReleased) {
  const TensorDataset data = two_classes(60);
  const auto model = small_model();
  const TrainingPlan plan(small_privacy());
  Trainer trainer(*model, data, plan, small_options());
  Ledger earlier(Neighbours::add_or_remove_one);
  earlier.append(event_of(plan.mechanism()), 10);
  trainer.resume_ledger(earlier);
  take_steps(trainer, 2);
  EXPECT_FALSE(trainer.step());
  EXPECT_EQ(trainer.ledger().releases(), 12U);
  EXPECT_EQ(trainer.steps(), 2U);
  expect_error<PrivacyError>("before the first step", [&] { trainer.resume_ledger(earlier); });
  Trainer other(*model, data, plan, small_options());
  expect_error<PrivacyError>("replace_one", [&] { other.resume_ledger(Ledger(Neighbours::replace_one)); });
}

TEST(Trainer, LeavesFrozenParametersAloneAndMovesAllOthers) {
  const TensorDataset data = two_classes(60);
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
    const auto model = small_model();
    const std::vector<NamedParameter> parameters = named_parameters(*model);
    parameters[0].parameter->set_trainable(false);  // 0.weight
    parameters[3].parameter->set_trainable(false);  // 3.bias
    const std::vector<NamedTensor> before = copies_of(named_weights(*model));
    TrainingOptions options = small_options();
    options.optimizer = {.kind = kind, .learning_rate = 0.1, .weight_decay = 0.1};
    train(*model, data, TrainingPlan(small_privacy()), options);
    const std::vector<NamedTensor> after = named_weights(*model);
    for (std::size_t i = 0; i < after.size(); ++i) {
      const bool moved = largest_difference({after[i]}, {before[i]}) > 0;
      EXPECT_EQ(moved, parameters[i].parameter->trainable()) << after[i].name;
    }
  }
}

TEST(Trainer, RefusesAModelOfWhichAllIsFrozen) {
  const TensorDataset data = two_classes(10);
  const auto model = small_model();
  for (const NamedParameter& named : named_parameters(*model)) named.parameter->set_trainable(false);
  expect_error<ConfigError>("no trainable parameter",
                            [&] { Trainer(*model, data, TrainingPlan(small_privacy()), small_options()); });
}

/// Fails when `reads_left` comes down to 0.
class FailingDataset final : public Dataset {
 public:
  explicit FailingDataset(const Dataset& data) : data_(data) {}
  Index size() const override { return data_.size(); }
  Shape input_shape() const override { return data_.input_shape(); }
  Shape label_shape() const override { return data_.label_shape(); }
  void read(std::span<const Index> indices, Batch& into) const override {
    if (--reads_left == 0) throw std::runtime_error("the disk is gone");
    data_.read(indices, into);
  }
  mutable std::atomic<int> reads_left = 0;

 private:
  const Dataset& data_;
};

TEST(Trainer, IsAsBeforeAStepThatThrew) {
  const TensorDataset data = two_classes(60);
  for (const int threads : {1, 3}) {
    TrainingOptions options = small_options();
    options.threads = threads;
    options.physical_batch = 3;
    const auto undisturbed_model = small_model();
    Trainer undisturbed(*undisturbed_model, data, TrainingPlan(small_privacy()), options);
    take_steps(undisturbed, 5);

    const FailingDataset failing(data);
    const auto model = small_model();
    Trainer trainer(*model, failing, TrainingPlan(small_privacy()), options);
    for (int step = 0; step < 5; ++step) {
      const std::string before = digest_of(trainer.state());
      for (const int read : {1, 3}) {
        failing.reads_left = read;
        EXPECT_THROW(trainer.step(), std::runtime_error);
        EXPECT_EQ(digest_of(trainer.state()), before);
        EXPECT_EQ(trainer.ledger().releases(), static_cast<std::uint64_t>(step));
      }
      failing.reads_left = 0;
      ASSERT_TRUE(trainer.step());
    }
    EXPECT_EQ(digest_of(trainer.state()), digest_of(undisturbed.state()));
  }
}

TEST(Trainer, EndsWhenTheWeightsAreNotFinite) {
  const TensorDataset data = two_classes(60);
  for (const bool by_noise : {false, true}) {
    PrivacyOptions privacy = small_privacy();
    TrainingOptions options = small_options();
    (by_noise ? *privacy.noise_multiplier : options.optimizer.learning_rate) = 1e300;
    const auto model = small_model();
    Trainer trainer(*model, data, TrainingPlan(privacy), options);
    expect_error<DivergenceError>("after 1 step the weights are not finite any more", [&] { trainer.step(); });
    EXPECT_EQ(trainer.ledger().releases(), 1U) << "it was released, and stays paid for";
    expect_error<DivergenceError>("released so far (1 release) stays paid for", [&] { trainer.step(); });
    EXPECT_EQ(trainer.ledger().releases(), 1U);
    EXPECT_THROW(trainer.with_released_weights([] {}), DivergenceError);
    EXPECT_THROW(std::move(trainer).keep_released_weights(), DivergenceError);
    const auto again = small_model();
    EXPECT_THROW(train(*again, data, TrainingPlan(privacy), options), DivergenceError);
    const auto other = small_model();
    Trainer restored(*other, data, TrainingPlan(small_privacy()), small_options());
    EXPECT_THROW(restored.restore(trainer.state()), DivergenceError);
  }
}

TEST(Trainer, DoesNotStartFromWeightsThatAreNotFinite) {
  const TensorDataset data = two_classes(60);
  const auto model = small_model();
  Parameter& bias = *named_parameters(*model)[3].parameter;
  bias.set(Tensor::filled(bias.shape(), std::numeric_limits<float>::infinity()));
  bias.set_trainable(false);
  expect_error<DivergenceError>("the weights to start from are not finite",
                                [&] { Trainer(*model, data, TrainingPlan(small_privacy()), small_options()); });
}

TEST(Trainer, CountsSamplesWithoutAFiniteLoss) {
  Tensor inputs = Tensor::filled({10, 4}, 0.5F);
  for (Index i = 0; i < 12; ++i) inputs.mutable_data()[i] = std::numeric_limits<float>::quiet_NaN();
  const TensorDataset data(inputs, Tensor::zeros({10}));
  PrivacyOptions privacy = small_privacy();
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  const auto model = small_model();
  Trainer trainer(*model, data, TrainingPlan(privacy), small_options());
  EXPECT_EQ(trainer.rows().not_finite, 3);
  ASSERT_TRUE(trainer.step());
  EXPECT_EQ(trainer.last_step().batch_size, 10);
  EXPECT_EQ(trainer.last_step().not_finite, 3);
  EXPECT_TRUE(std::isfinite(trainer.last_step().mean_loss));
}

TEST(Trainer, GoesOnFromItsStateBitForBit) {
  const TensorDataset data = two_classes(60);
  TrainingOptions options = small_options();
  options.schedule = {.kind = ScheduleKind::cosine, .warmup_steps = 3};
  const auto whole_model = small_model();
  Trainer whole(*whole_model, data, TrainingPlan(small_privacy()), options);
  take_steps(whole, 12);

  const auto first_model = small_model();
  Trainer first(*first_model, data, TrainingPlan(small_privacy()), options);
  take_steps(first, 5);
  const auto second_model = small_model();
  Trainer second(*second_model, data, TrainingPlan(small_privacy()), options);
  second.restore(first.state());
  second.resume_ledger(first.ledger());
  take_steps(second, 7);
  EXPECT_EQ(digest_of(second.state()), digest_of(whole.state()));
}

TEST(Trainer, LendsTheAveragedWeightsAndTakesThemBack) {
  const TensorDataset data = two_classes(60);
  const auto model = small_model();
  Trainer trainer(*model, data, TrainingPlan(small_privacy()), small_options());
  take_steps(trainer, 6);
  const std::string before = digest_of(trainer.state());
  const std::string weights = digest_of(named_weights(*model));
  std::string averaged;
  trainer.with_released_weights([&] { averaged = digest_of(named_weights(*model)); });
  EXPECT_NE(averaged, weights);
  EXPECT_EQ(digest_of(trainer.state()), before);
  EXPECT_THROW(trainer.with_released_weights([] { throw std::runtime_error("full disk"); }), std::runtime_error);
  EXPECT_EQ(digest_of(trainer.state()), before);
  std::move(trainer).keep_released_weights();
  EXPECT_EQ(digest_of(named_weights(*model)), averaged);
  EXPECT_THROW(trainer.step(), PrivacyError);
  EXPECT_THROW(trainer.with_released_weights([] {}), PrivacyError);
  EXPECT_THROW(std::move(trainer).keep_released_weights(), PrivacyError);
  EXPECT_THROW(trainer.restore(trainer.state()), PrivacyError);
  EXPECT_EQ(digest_of(named_weights(*model)), averaged) << "nothing was swapped back";
}

TEST(Trainer, HoldsNoMoreMemoryAfterManyStepsThanAfterAFew) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's allocator does not say what it holds";
#endif
  const TensorDataset data = two_classes(60);
  PrivacyOptions privacy = small_privacy();
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.steps = 200;
  const auto model = small_model();
  Trainer trainer(*model, data, TrainingPlan(privacy), small_options());
  const auto held = [] {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  take_steps(trainer, 60);  // groups of all sizes have come by
  const std::size_t before = held();
  take_steps(trainer, 100);
  EXPECT_LE(held(), before + 256) << "bytes grow with the steps";
}

TEST(Trainer, RefusesModelsAndOptionsThatDoNotFit) {
  const TensorDataset data = two_classes(10);
  const auto model = small_model();
  const TrainingPlan plan(small_privacy());
  const TensorDataset images{NumericArray(Tensor::zeros({10, 3})), Tensor::zeros({10})};
  expect_error<ShapeError>("Linear \"0\"", [&] { Trainer(*model, images, plan, small_options()); });
  TrainingOptions options = small_options();
  options.physical_batch = -1;
  expect_error<ConfigError>("physical batch is -1", [&] { Trainer(*model, data, plan, options); });
  options = small_options();
  options.threads = -2;
  expect_error<ConfigError>("threads is -2", [&] { Trainer(*model, data, plan, options); });
  options = small_options();
  options.optimizer.learning_rate = 0;
  EXPECT_THROW(Trainer(*model, data, plan, options), ConfigError);
}

}  // namespace
}  // namespace dpml
