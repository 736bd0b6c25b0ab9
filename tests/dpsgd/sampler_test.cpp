#include "dpml/dpsgd/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/random/stream.h"
#include "dpsgd/statistics.h"

namespace dpml {
namespace {

std::vector<Index> draw(const Sampler& sampler, std::uint64_t seed, std::uint64_t step, Index rows) {
  std::vector<DrawnRow> batch{{99, 99}};  // what was there before must not matter
  sampler.draw(Key::from_seed(seed), step, rows, batch);
  std::vector<Index> drawn;
  for (const DrawnRow& one : batch) drawn.push_back(one.row);
  return drawn;
}

std::vector<Index> all_rows(Index rows) {
  std::vector<Index> all;
  for (Index i = 0; i < rows; ++i) all.push_back(i);
  return all;
}

double binomial(Index n, Index k, double q) {
  const auto a = static_cast<double>(n), b = static_cast<double>(k);
  return std::exp(std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1) + b * std::log(q) +
                  (a - b) * std::log1p(-q));
}

// Chi-square over batch sizes, 20,000 draws each; false alarms: 1e-6 for each of the three.
TEST(PoissonSampler, BatchSizesFollowTheBinomialDistribution) {
  struct Case {
    Index rows;
    double sampling_rate;
  };
  const int draws = 20000;
  for (const Case& one : {Case{50, 0.1}, Case{12, 0.5}, Case{1500, 0.002}}) {
    const Sampler sampler = Sampler::poisson(one.sampling_rate);
    const Index largest = 16;  // sizes from here on are one class
    std::vector<double> counts(largest + 1);
    std::vector<DrawnRow> batch;
    for (int step = 0; step < draws; ++step) {
      sampler.draw(Key::from_seed(1), static_cast<std::uint64_t>(step), one.rows, batch);
      ++counts[static_cast<std::size_t>(std::min<Index>(std::ssize(batch), largest))];
    }
    double chi_square = 0, classes = 0, expected = 0, observed = 0, remaining = draws;
    for (Index size = 0; size <= largest; ++size) {
      // Rare sizes are joined with their neighbours until 10 are expected.
      const double of_size = size == largest   ? remaining
                             : size > one.rows ? 0
                                               : draws * binomial(one.rows, size, one.sampling_rate);
      remaining -= of_size;
      expected += of_size;
      observed += counts[static_cast<std::size_t>(size)];
      if (expected < 10 || (size < largest && remaining < 10)) continue;
      chi_square += (observed - expected) * (observed - expected) / expected;
      classes += 1;
      expected = observed = 0;
    }
    EXPECT_GE(classes, 8);
    EXPECT_LT(chi_square, chi_square_limit(classes - 1)) << one.rows << " rows, rate " << one.sampling_rate;
  }
}

// Mean and variance of 4,000 sizes of large batches; |score| > 5 has probability 6e-7 each.
TEST(PoissonSampler, LargeBatchesHaveTheRightMeanAndVariance) {
  const Index rows = 5000;
  const double sampling_rate = 0.3, deviation = std::sqrt(rows * sampling_rate * (1 - sampling_rate));
  const Sampler sampler = Sampler::poisson(sampling_rate);
  std::vector<double> scores;
  for (std::uint64_t step = 0; step < 4000; ++step) {
    const auto size = static_cast<double>(draw(sampler, 2, step, rows).size());
    scores.push_back((size - rows * sampling_rate) / deviation);
  }
  EXPECT_LT(std::abs(mean_score(scores)), kFiveSigma);
  EXPECT_LT(std::abs(variance_score(scores)), kFiveSigma);
}

// 3,000 rows, 2,000 steps. Each count below is a sum of independent zeros and ones; false alarms: 1e-6 and 6e-7.
TEST(PoissonSampler, RowsJoinEquallyOftenAndIndependentlyOfStepsAndNeighbours) {
  const Index rows = 3000;
  const std::uint64_t steps = 2000;
  const double q = 0.02;
  const Sampler sampler = Sampler::poisson(q);
  std::vector<double> joined(rows);
  double again = 0, with_neighbour = 0;
  std::vector<char> before(rows), now(rows);
  for (std::uint64_t step = 0; step < steps; ++step) {
    now.assign(rows, 0);
    for (const Index row : draw(sampler, 3, step, rows)) now[static_cast<std::size_t>(row)] = 1;
    for (std::size_t row = 0; row < now.size(); ++row) {
      joined[row] += now[row];
      if (step % 2 == 1) again += now[row] * before[row];  // pairs of steps that do not overlap
      if (row % 2 == 1) with_neighbour += now[row] * now[row - 1];
    }
    before = now;
  }
  double chi_square = 0;
  const double expected = static_cast<double>(steps) * q;
  for (const double count : joined) chi_square += (count - expected) * (count - expected) / (expected * (1 - q));
  EXPECT_LT(chi_square, chi_square_limit(static_cast<double>(rows)));
  EXPECT_GT(chi_square, static_cast<double>(rows) - 5 * std::sqrt(2.0 * static_cast<double>(rows)));
  const double pairs = static_cast<double>(steps / 2) * static_cast<double>(rows);
  const double deviation = std::sqrt(pairs * q * q * (1 - q * q));
  EXPECT_LT(std::abs(again - pairs * q * q), kFiveSigma * deviation);
  EXPECT_LT(std::abs(with_neighbour - pairs * q * q), kFiveSigma * deviation);
}

TEST(PoissonSampler, TakesExactlyTheRowsWhoseWordIsBelowTheThreshold) {
  const Index rows = 3001;  // several pieces and a rest
  struct Case {
    double sampling_rate;
    std::uint64_t threshold;
  };
  const std::uint64_t one = 1;
  for (const Case& one_case :
       {Case{0.5, one << 63}, Case{0.25, one << 62}, Case{0.75, 3 * (one << 62)}, Case{0x1p-64, 1}, Case{0x1.8p-64, 1},
        Case{0x1p-65, 0}, Case{1e-300, 0}, Case{1 - 0x1p-53, ~std::uint64_t{0} - 2047}}) {
    std::vector<std::uint64_t> words(rows);
    Stream(Key::from_seed(4), Purpose::sampling, 17, 0).fill(words);
    std::vector<Index> expected;
    for (Index row = 0; row < rows; ++row) {
      if (words[static_cast<std::size_t>(row)] < one_case.threshold) expected.push_back(row);
    }
    EXPECT_EQ(draw(Sampler::poisson(one_case.sampling_rate), 4, 17, rows), expected) << one_case.sampling_rate;
  }
}

TEST(PoissonSampler, ARowsFateDoesNotDependOnHowManyRowsComeAfterIt) {
  const Sampler sampler = Sampler::poisson(0.4);
  const std::vector<Index> of_many = draw(sampler, 5, 3, 5000);
  std::vector<Index> first = draw(sampler, 5, 3, 1100);
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(std::equal(first.begin(), first.end(), of_many.begin()));
  EXPECT_GE(of_many[first.size()], 1100);
}

TEST(PoissonSampler, IsTheSameForTheSameKeyAndStepAndAnotherForOthers) {
  const Sampler sampler = Sampler::poisson(0.5);
  EXPECT_EQ(draw(sampler, 6, 1, 200), draw(sampler, 6, 1, 200));
  EXPECT_NE(draw(sampler, 6, 1, 200), draw(sampler, 6, 2, 200));
  EXPECT_NE(draw(sampler, 6, 1, 200), draw(sampler, 7, 1, 200));
}

TEST(Sampler, RateOneAndFullBatchTakeAllRows) {
  for (const Sampler& sampler : {Sampler::poisson(1), Sampler::full_batch()}) {
    EXPECT_EQ(draw(sampler, 1, 5, 2000), all_rows(2000));
    EXPECT_EQ(sampler.sampling_rate(), 1);
  }
}

TEST(Sampler, DrawsNothingFromNothing) {
  for (const Sampler& sampler : {Sampler::poisson(0.5), Sampler::poisson(1), Sampler::full_batch()}) {
    EXPECT_TRUE(draw(sampler, 1, 0, 0).empty());
  }
}

TEST(Sampler, StatesTheEventOfItsDraw) {
  EXPECT_EQ(Sampler::poisson(0.01).event(1.5), Event(PoissonSampled{0.01, Gaussian{1.5}}));
  EXPECT_EQ(Sampler::full_batch().event(1.5), Event(Gaussian{1.5}));
  EXPECT_EQ(Sampler::poisson(0.01).event(0), Event(NonPrivate{}));
  EXPECT_EQ(Sampler::full_batch().event(0), Event(NonPrivate{}));
}

TEST(Sampler, RefusesRatesThatAreNoProbability) {
  for (const double rate :
       {0.0, -0.1, 1.0000001, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(Sampler::poisson(rate), ConfigError) << rate;
  }
}

}  // namespace
}  // namespace dpml
