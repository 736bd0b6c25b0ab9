#include "dpml/dpsgd/gaussian_mechanism.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "autograd/random_tensor.h"
#include "dpml/base/error.h"
#include "dpsgd/released.h"
#include "dpsgd/statistics.h"

namespace dpml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class RecordingJournal final : public LedgerJournal {
 public:
  void record(const Event& event, std::uint64_t count) override {
    if (is_full) throw std::runtime_error("no space left");
    for (std::uint64_t i = 0; i < count; ++i) events.push_back(event);
  }
  bool is_full = false;
  std::vector<Event> events;
};

/// Two parameters whose noise is looked at; sizes that no piece or block divides.
class GaussianMechanismTest : public testing::Test {
 protected:
  static constexpr Index kRows = 301, kColumns = 667;
  static constexpr std::size_t kNumbers = kRows * kColumns;  // 200,767

  Parameter first_{"first", Tensor::zeros(Shape{kRows, kColumns})};
  Parameter second_{"second", Tensor::zeros(Shape{kColumns, kRows})};
  const std::vector<Parameter*> parameters_{&first_, &second_};
  const Sampler sampler_ = Sampler::poisson(0.01);
  const Key key_ = Key::from_seed(2024);
  Ledger ledger_{Neighbours::add_or_remove_one};

  ClippedSum empty_sum(double clip_bound, int lanes = 1) const {
    return noiseless_memory(clip_bound, parameters_, lanes).begin();
  }

  /// Puts some numbers into every lane.
  void fill(ClippedSum& sum) const {
    for (int lane = 0; lane < sum.lanes(); ++lane) {
      const auto seed = static_cast<std::uint64_t>(lane);
      sum.add(lane, {PerSampleGrad::dense(random_tensor(first_.shape().with_front(2), seed)),
                     PerSampleGrad::dense(random_tensor(second_.shape().with_front(2), seed + 100))});
    }
  }

  static std::vector<double> divided(const Tensor& tensor, double divisor) {
    std::vector<double> result;
    for (const float value : tensor.values()) result.push_back(static_cast<double>(value) / divisor);
    return result;
  }

  static std::vector<float> numbers(const NoisyGradient& gradient) {
    std::vector<float> all;
    for (const Tensor& tensor : gradient.tensors()) all.insert(all.end(), tensor.data(), tensor.data() + tensor.size());
    return all;
  }
};

// An empty batch releases pure noise. 200,767 numbers for each of 2 tensors and 3 steps; every comparison fails by
// chance with a probability of 6e-7 to 9e-7, all 63 of them together with less than 6e-5.
TEST_F(GaussianMechanismTest, NoiseIsStandardNormalTimesItsStddevAndIndependentEverywhere) {
  const double noise_multiplier = 1.7, clip_bound = 0.4, expected_batch_size = 64;
  const GaussianMechanism mechanism(sampler_, noise_multiplier, clip_bound, expected_batch_size);
  EXPECT_DOUBLE_EQ(mechanism.noise_stddev(), noise_multiplier * clip_bound);
  std::vector<std::vector<double>> noise;
  for (int step = 0; step < 3; ++step) {
    const NoisyGradient gradient = release(mechanism, empty_sum(clip_bound), ledger_, key_);
    for (const Tensor& tensor : gradient.tensors()) {
      noise.push_back(divided(tensor, noise_multiplier * clip_bound / expected_batch_size));
    }
  }
  for (std::size_t i = 0; i < noise.size(); ++i) {
    ASSERT_EQ(noise[i].size(), kNumbers);
    EXPECT_LT(std::abs(mean_score(noise[i])), kFiveSigma);
    EXPECT_LT(std::abs(variance_score(noise[i])), kFiveSigma);
    EXPECT_LT(kolmogorov_score(noise[i]), 2.7);
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_LT(std::abs(correlation_score(noise[i], noise[j])), kFiveSigma) << "tensors " << i << " and " << j;
    }
    // Within a tensor: neighbours, the two numbers of one draw, blocks, pieces of threads, rows.
    const std::span<const double> all(noise[i]);
    for (const std::size_t lag :
         {std::size_t{1}, std::size_t{2}, std::size_t{64}, std::size_t{1024}, static_cast<std::size_t>(kColumns)}) {
      const double score = correlation_score(all.subspan(lag), all.first(all.size() - lag));
      EXPECT_LT(std::abs(score), kFiveSigma) << "numbers " << lag << " apart";
    }
  }
}

// 401,534 numbers each; the variance score is standard normal: false alarms 6e-7 each.
TEST_F(GaussianMechanismTest, NoiseStddevIsMultiplierTimesBoundOverExpectedBatchSize) {
  struct Case {
    double noise_multiplier, clip_bound, expected_batch_size;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{0.3, 1, 1}, Case{1, 25, 1}, Case{1, 1, 1000}, Case{2.5, 1e-3, 0.5}}) {
    const GaussianMechanism mechanism(sampler_, c.noise_multiplier, c.clip_bound, c.expected_batch_size);
    std::vector<double> noise;
    for (const float value : numbers(release(mechanism, empty_sum(c.clip_bound), ledger_, key_))) {
      noise.push_back(static_cast<double>(value) / (c.noise_multiplier * c.clip_bound / c.expected_batch_size));
    }
    EXPECT_LT(std::abs(variance_score(noise)), kFiveSigma);
    EXPECT_LT(std::abs(mean_score(noise)), kFiveSigma);
  }
}

TEST_F(GaussianMechanismTest, TheSameNoiseIsAddedOnceWhateverTheSumAndItsLanes) {
  const double expected_batch_size = 8;
  const GaussianMechanism mechanism(sampler_, 1, 1, expected_batch_size);
  const std::vector<float> noise = numbers(release(mechanism, empty_sum(1), ledger_, key_));
  for (const int lanes : {1, 5}) {
    ClippedSum alone = empty_sum(1, lanes);
    fill(alone);
    const std::vector<float> mean = numbers(released(std::move(alone), expected_batch_size));
    ClippedSum sum = empty_sum(1, lanes);
    fill(sum);
    Ledger fresh(Neighbours::add_or_remove_one);
    const std::vector<float> noisy = numbers(release(mechanism, std::move(sum), fresh, key_));
    for (std::size_t i = 0; i < noisy.size(); ++i) ASSERT_NEAR(noisy[i], mean[i] + noise[i], 1e-6);
  }
}

TEST_F(GaussianMechanismTest, BitsDoNotDependOnThreads) {
  const GaussianMechanism mechanism(sampler_, 1.1, 1, 8);
  std::vector<float> of_one_thread;
  for (const int threads : {1, 2, 3, 8}) {
    SumMemory memory = noiseless_memory(1, parameters_, 5);
    ClippedSum sum = memory.begin();
    fill(sum);
    Ledger ledger(Neighbours::add_or_remove_one);
    const std::vector<float> got = numbers(release(mechanism, std::move(sum), ledger, key_, SingleProcess(), threads));
    if (threads == 1) of_one_thread = got;
    EXPECT_EQ(got, of_one_thread) << threads;
    EXPECT_EQ(ledger.releases(), 1U);
    EXPECT_EQ(numbers(released(memory.begin())), std::vector<float>(2 * kNumbers, 0.0F))
        << "left behind by " << threads;
  }
}

TEST_F(GaussianMechanismTest, NoiseIsNamedByTheNumberOfTheReleaseSoAResumedRunNeverRepeatsIt) {
  const GaussianMechanism mechanism(sampler_, 1, 1, 8);
  std::vector<std::vector<float>> releases;
  for (int step = 0; step < 3; ++step) releases.push_back(numbers(release(mechanism, empty_sum(1), ledger_, key_)));
  EXPECT_NE(releases[0], releases[1]);

  Ledger resumed(Neighbours::add_or_remove_one);
  resumed.append(mechanism.event(), 2);
  EXPECT_EQ(numbers(release(mechanism, empty_sum(1), resumed, key_)), releases[2]);
  Ledger another(Neighbours::add_or_remove_one);
  EXPECT_NE(numbers(release(mechanism, empty_sum(1), another, Key::from_seed(7))), releases[0]);
}

TEST_F(GaussianMechanismTest, EveryReleaseIsPaidThatOfAnEmptyBatchToo) {
  const GaussianMechanism mechanism(sampler_, 1.25, 1, 8);
  RecordingJournal journal;
  ledger_.set_journal(&journal);
  const NoisyGradient of_nobody = release(mechanism, empty_sum(1), ledger_, key_);
  EXPECT_NE(of_nobody.tensors()[0].data()[0], 0);
  ClippedSum filled = empty_sum(1);
  fill(filled);
  release(mechanism, std::move(filled), ledger_, key_);
  const Event event = PoissonSampled{0.01, Gaussian{1.25}};
  EXPECT_EQ(mechanism.event(), event);
  EXPECT_EQ(journal.events, (std::vector<Event>{event, event}));
  ASSERT_EQ(ledger_.entries().size(), 1U);
  EXPECT_EQ(ledger_.entries()[0], (LedgerEntry{event, 2}));
}

TEST_F(GaussianMechanismTest, ReleasesNothingThatTheJournalDidNotTake) {
  const GaussianMechanism mechanism(sampler_, 1, 1, 8);
  ClippedSum same = empty_sum(1, 2);
  fill(same);
  const std::vector<float> undisturbed = numbers(release(mechanism, std::move(same), ledger_, key_));

  Ledger ledger(Neighbours::add_or_remove_one);
  RecordingJournal journal;
  ledger.set_journal(&journal);
  journal.is_full = true;
  SumMemory memory = noiseless_memory(1, parameters_, 2);
  ClippedSum lost = memory.begin();
  fill(lost);
  EXPECT_THROW(release(mechanism, std::move(lost), ledger, key_), std::runtime_error);
  EXPECT_EQ(ledger.releases(), 0U);
  EXPECT_TRUE(ledger.entries().empty());
  journal.is_full = false;
  ClippedSum next = memory.begin();
  fill(next);
  EXPECT_EQ(numbers(release(mechanism, std::move(next), ledger, key_)), undisturbed) << "the failed one left something";
  EXPECT_EQ(journal.events.size(), 1U);
}

TEST_F(GaussianMechanismTest, RefusesASumClippedToAnotherBoundAndTakesNoPayForIt) {
  const GaussianMechanism mechanism(sampler_, 1, 1, 8);
  for (const double clip_bound : {0.5, 1 + 1e-15, kInfinity}) {
    EXPECT_THROW(release(mechanism, empty_sum(clip_bound), ledger_, key_), PrivacyError) << clip_bound;
    EXPECT_THROW(SumMemory(mechanism, ClipRule::flat(clip_bound), parameters_, 1), PrivacyError) << clip_bound;
  }
  EXPECT_EQ(ledger_.releases(), 0U);
}

TEST_F(GaussianMechanismTest, WithoutNoiseTheExactMeanIsReleasedAsNonPrivate) {
  for (const double clip_bound : {1.0, kInfinity}) {
    const GaussianMechanism mechanism(sampler_, 0, clip_bound, 4);
    EXPECT_EQ(mechanism.event(), Event(NonPrivate{}));
    EXPECT_EQ(mechanism.noise_stddev(), 0);
    ClippedSum sum = empty_sum(clip_bound);
    sum.add(0, {PerSampleGrad::dense(Tensor::filled(first_.shape().with_front(1), 0x1p-12F)),
                PerSampleGrad::dense(Tensor::zeros(second_.shape().with_front(1)))});
    EXPECT_EQ(release(mechanism, std::move(sum), ledger_, key_).tensors()[0].data()[5], 0x1p-14F);
  }
}

TEST_F(GaussianMechanismTest, RefusesNumbersThatMakeNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(GaussianMechanism(sampler_, -1, 1, 8), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, nan, 1, 8), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, kInfinity, 1, 8), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, 1, 1, 0), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, 1, 1, -8), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, 1, 1, kInfinity), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, 1, 1, nan), ConfigError);
  EXPECT_THROW(GaussianMechanism(sampler_, 1, kInfinity, 8), ConfigError);
}

}  // namespace
}  // namespace dpml
