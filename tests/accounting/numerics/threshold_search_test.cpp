#include "numerics/threshold_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "dice.h"

namespace dpml::numerics {
namespace {

constexpr double kThreshold = 3.7;

ThresholdSearch usual() {
  return {
      .holds_above = true, .least = 1e-12, .most = 1e12, .precision = 1e-6, .is_whole = false, .start = 1, .slope = 1};
}

/// A search, and every number that it asked for.
struct Watched {
  Threshold found;
  std::vector<double> asked;
};

Watched watch(ThresholdSearch search, const std::function<double(double)>& excess) {
  Watched watched;
  search.excess = [&](double number) {
    watched.asked.push_back(number);
    return excess(number);
  };
  watched.found = find_threshold(search);
  return watched;
}

/// Holds from kThreshold on, or up to it, with a slope of 2 in the logarithm.
double falling(double number) {
  return -2 * std::log(number / kThreshold);
}
double rising(double number) {
  return -falling(number);
}

TEST(ThresholdSearch, FindsANumberThatHoldsNoFurtherThanThePrecision) {
  const Watched above = watch(usual(), falling);
  ASSERT_TRUE(above.found.holds);
  EXPECT_GE(*above.found.holds, kThreshold);
  EXPECT_LE(*above.found.holds, kThreshold * (1 + 1e-6));
  EXPECT_NEAR(above.found.slope, 2, 1e-3);

  ThresholdSearch search = usual();
  search.holds_above = false;
  const Watched below = watch(search, rising);
  ASSERT_TRUE(below.found.holds);
  EXPECT_LE(*below.found.holds, kThreshold);
  EXPECT_GE(*below.found.holds, kThreshold * (1 - 1e-6));
}

TEST(ThresholdSearch, NeverAnswersWithANumberThatWasNotSeenToHold) {
  Dice dice(11);
  for (int i = 0; i < 200; ++i) {
    const double threshold = dice.logarithmic(1e-6, 1e6);
    const double power = dice.logarithmic(0.5, 2);
    ThresholdSearch search = usual();
    search.start = dice.logarithmic(1e-6, 1e6);
    search.slope = dice.logarithmic(0.01, 100);
    search.precision = dice.logarithmic(1e-9, 1e-2);
    const auto excess = [&](double number) {
      const double log = std::log(threshold / number);
      return log > 3 ? std::numeric_limits<double>::infinity() : std::copysign(std::pow(std::fabs(log), power), log);
    };
    const Watched watched = watch(search, excess);
    ASSERT_TRUE(watched.found.holds);
    EXPECT_NE(std::find(watched.asked.begin(), watched.asked.end(), *watched.found.holds), watched.asked.end());
    EXPECT_LE(excess(*watched.found.holds), 0);
    EXPECT_LE(*watched.found.holds, threshold * (1 + search.precision) * (1 + 1e-12));
    EXPECT_LE(watched.asked.size(), 80u);
  }
}

TEST(ThresholdSearch, AsksFewTimesWhereTheConditionIsSmooth) {
  EXPECT_LE(watch(usual(), falling).asked.size(), 6u);
}

TEST(ThresholdSearch, FromNearAsksThreeTimesAtMost) {
  for (const double off : {-0.9, -0.1, 0.0, 0.1, 0.9}) {
    ThresholdSearch search = usual();
    search.start = kThreshold * (1 + off * 1e-4);
    search.slope = 2;
    search.precision = 2.5e-5;
    search.is_near = true;
    const Watched watched = watch(search, falling);
    EXPECT_LE(watched.asked.size(), 3u) << off;
    EXPECT_LE(*watched.found.holds, kThreshold * (1 + 2.5e-5)) << off;
    EXPECT_GE(*watched.found.holds, kThreshold) << off;
  }
}

TEST(ThresholdSearch, ComesNearFromEitherSideByFewQuestions) {
  for (const double start : {0.01 * kThreshold, 0.7 * kThreshold, kThreshold, 1.5 * kThreshold, 100 * kThreshold}) {
    ThresholdSearch search = usual();
    search.start = start;
    int asked = 0;
    search.excess = [&](double number) {
      ++asked;
      const double log = std::log(number / kThreshold);
      return -2 * log + 0.1 * log * log / (1 + std::fabs(log));
    };
    const NearThreshold near = come_near(search, 1e-2);
    EXPECT_LE(asked, 6) << start;
    ASSERT_TRUE(near.number);
    EXPECT_NEAR(*near.number, kThreshold, 1e-3 * kThreshold) << start;
    EXPECT_NEAR(near.slope, asked > 1 ? 2 : search.slope, 0.1) << start;
  }
}

TEST(ThresholdSearch, ComesNearNothingOutsideOfTheRange) {
  ThresholdSearch search = usual();
  search.most = 0.5 * kThreshold;
  search.excess = falling;
  EXPECT_FALSE(come_near(search, 1e-2).number);
  search.most = 1e12;
  search.least = 2 * kThreshold;
  search.start = 3 * kThreshold;
  EXPECT_EQ(come_near(search, 1e-2).number, search.least) << "all of it holds";
}

TEST(ThresholdSearch, IsRightAlsoWhereItIsWronglySaidToBeNear) {
  ThresholdSearch search = usual();
  search.start = 100 * kThreshold;
  search.slope = 0.02;
  search.is_near = true;
  const Watched watched = watch(search, falling);
  EXPECT_GE(*watched.found.holds, kThreshold);
  EXPECT_LE(*watched.found.holds, kThreshold * (1 + 1e-6));
}

TEST(ThresholdSearch, StaysInTheRangeAndTellsItsEnds) {
  ThresholdSearch search = usual();
  search.least = 0.5;
  search.most = 2;
  const auto never = [](double) { return 1.0; };
  const auto always = [](double) { return -1.0; };
  const Watched none = watch(search, never);
  EXPECT_FALSE(none.found.holds);
  EXPECT_EQ(none.asked.back(), 2) << "the end was asked";
  const Watched all = watch(search, always);
  EXPECT_EQ(all.found.holds, 0.5) << "the whole range holds";
  for (const Watched& one : {none, all}) {
    for (const double number : one.asked) {
      EXPECT_GE(number, 0.5);
      EXPECT_LE(number, 2);
    }
  }
  search.holds_above = false;
  EXPECT_EQ(watch(search, always).found.holds, 2);
  EXPECT_FALSE(watch(search, never).found.holds);
}

TEST(ThresholdSearch, OfWholeNumbersFindsTheLastOneThatHolds) {
  for (const double last : {1.0, 2.0, 3.0, 17.0, 1e6, 123456789.0}) {
    ThresholdSearch search{
        .holds_above = false, .least = 1, .most = 1e9, .precision = 1, .is_whole = true, .start = 1, .slope = 1};
    const Watched watched = watch(search, [&](double number) { return std::log(number / (last + 0.5)); });
    EXPECT_EQ(watched.found.holds, last);
    for (const double number : watched.asked) EXPECT_EQ(number, std::round(number));
  }
}

TEST(ThresholdSearch, HalvesWhereOnlyTheSideIsKnown) {
  ThresholdSearch search = usual();
  search.precision = 1e-3;
  const double infinity = std::numeric_limits<double>::infinity();
  const Watched watched = watch(search, [&](double number) { return number < kThreshold ? infinity : -infinity; });
  EXPECT_GE(*watched.found.holds, kThreshold);
  EXPECT_LE(*watched.found.holds, kThreshold * (1 + 1e-3));
  EXPECT_LE(watched.asked.size(), 40u);
}

}  // namespace
}  // namespace dpml::numerics
