#include "dpml/random/gaussian.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/random/stream.h"

namespace dpml {
namespace {

// Statistics of fixed keys. Each bound would be crossed with probability 1e-6 by numbers that are truly normal: a
// standard normal stays within 4.9, the Kolmogorov-Smirnov statistic below 2.7.
constexpr double kSigmas = 4.9;
constexpr double kLargestKolmogorov = 2.7;

std::vector<double> normals(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index, std::size_t count,
                            std::uint64_t first = 0) {
  std::vector<double> out(count);
  fill_gaussian(key, purpose, step, index, first, out);
  return out;
}

std::vector<double> a_million() {
  return normals(Key::from_seed(20), Purpose::noise, 1, 2, 1 << 20);
}

double mean_power(const std::vector<double>& z, int power) {
  double sum = 0;
  for (const double x : z) sum += std::pow(x, power);
  return sum / static_cast<double>(z.size());
}

/// sqrt(n) times the correlation of x[i] and y[i + lag]; about standard normal when they are independent.
double correlation(const std::vector<double>& x, const std::vector<double>& y, std::size_t lag = 0) {
  const std::size_t n = y.size() - lag;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    xy += x[i] * y[i + lag];
    xx += x[i] * x[i];
    yy += y[i + lag] * y[i + lag];
  }
  return std::sqrt(static_cast<double>(n)) * xy / std::sqrt(xx * yy);
}

TEST(Gaussian, HasTheMomentsOfTheStandardNormal) {
  const std::vector<double> z = a_million();
  const double root = std::sqrt(static_cast<double>(z.size()));
  EXPECT_LT(std::abs(mean_power(z, 1)) * root, kSigmas);
  EXPECT_LT(std::abs(mean_power(z, 2) - 1) * root / std::sqrt(2.0), kSigmas);
  EXPECT_LT(std::abs(mean_power(z, 3)) * root / std::sqrt(15.0), kSigmas);
  EXPECT_LT(std::abs(mean_power(z, 4) - 3) * root / std::sqrt(96.0), kSigmas);
}

TEST(Gaussian, FollowsTheDistributionFunction) {
  std::vector<double> z = a_million();
  std::sort(z.begin(), z.end());
  const auto n = static_cast<double>(z.size());
  double distance = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double probability = 0.5 * std::erfc(-z[i] / std::sqrt(2.0));
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, probability - rank / n, (rank + 1) / n - probability});
  }
  EXPECT_LT(distance * std::sqrt(n), kLargestKolmogorov);
}

TEST(Gaussian, HasTheTailsOfTheStandardNormal) {
  const std::vector<double> z = normals(Key::from_seed(21), Purpose::noise, 0, 0, 1 << 22);
  for (const double bound : {2.0, 3.0, 4.0}) {
    for (const double sign : {-1.0, 1.0}) {
      const double expected = static_cast<double>(z.size()) * 0.5 * std::erfc(bound / std::sqrt(2.0));
      const auto beyond = std::count_if(z.begin(), z.end(), [&](double x) { return sign * x > bound; });
      EXPECT_LT(std::abs(static_cast<double>(beyond) - expected), kSigmas * std::sqrt(expected)) << sign * bound;
    }
  }
}

// Lag 32 pairs the cosine and the sine of one radius; lag 64 the neighbouring blocks.
TEST(Gaussian, DoesNotDependOnEarlierNumbers) {
  const std::vector<double> z = a_million();
  std::vector<double> squares;
  for (const double x : z) squares.push_back((x * x - 1) / std::sqrt(2.0));
  for (const std::size_t lag : std::initializer_list<std::size_t>{1, 2, 31, 32, 33, 63, 64}) {
    EXPECT_LT(std::abs(correlation(z, z, lag)), kSigmas) << "lag " << lag;
    EXPECT_LT(std::abs(correlation(squares, squares, lag)), kSigmas) << "squares, lag " << lag;
  }
}

TEST(Gaussian, IsIndependentAcrossKeysPurposesStepsAndTensors) {
  constexpr std::size_t kCount = 1 << 18;
  const Key key = Key::from_seed(22);
  const std::vector<std::vector<double>> all = {
      normals(key, Purpose::noise, 0, 0, kCount),          normals(Key::from_seed(23), Purpose::noise, 0, 0, kCount),
      normals(key, Purpose::initialisation, 0, 0, kCount), normals(key, Purpose::noise, 1, 0, kCount),
      normals(key, Purpose::noise, 2, 0, kCount),          normals(key, Purpose::noise, 0, 1, kCount),
      normals(key, Purpose::noise, 1, 1, kCount),          normals(key, Purpose::noise, 0, 0, kCount, kCount)};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_LT(std::abs(correlation(all[i], all[j])), kSigmas) << i << " and " << j;
      EXPECT_LT(std::abs(correlation(all[i], all[j], 1)), kSigmas) << i << " and " << j << ", lag 1";
    }
  }
}

TEST(Gaussian, GivesTheSameNumbersInPiecesAsAtOnce) {
  const Key key = Key::from_seed(24);
  const std::vector<double> whole = normals(key, Purpose::noise, 3, 4, 10000);
  for (const std::size_t piece : std::initializer_list<std::size_t>{64, 128, 1024, 1088, 4096}) {
    std::vector<double> joined(whole.size());
    std::vector<std::thread> threads;
    for (std::size_t first = 0; first < joined.size(); first += piece) {
      const std::size_t size = std::min(piece, joined.size() - first);
      threads.emplace_back([&, first, size] {
        fill_gaussian(key, Purpose::noise, 3, 4, first, std::span(joined).subspan(first, size));
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(joined, whole) << "pieces of " << piece;
  }
}

TEST(Gaussian, GivesShortSpansTheBeginningOfTheSequence) {
  const Key key = Key::from_seed(25);
  const std::vector<double> whole = normals(key, Purpose::noise, 0, 0, 1200);
  for (const std::size_t count : std::initializer_list<std::size_t>{0, 1, 31, 33, 63, 64, 65, 1000, 1023, 1025}) {
    EXPECT_EQ(normals(key, Purpose::noise, 0, 0, count),
              std::vector<double>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(count)));
  }
}

// The twin: the words of the Stream of that name, through the standard library in long double.
TEST(Gaussian, IsTheBoxMullerTransformOfItsStream) {
  const Key key = Key::from_seed(26);
  const std::vector<double> z = normals(key, Purpose::noise, 5, 6, 6400, 640);
  std::vector<std::uint64_t> words(z.size());
  Stream stream(key, Purpose::noise, 5, 6);
  stream.skip_to(640);
  stream.fill(words);
  const long double turn = 2 * std::acos(-1.0L);
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t radius_at = i % 64 < 32 ? i : i - 32;
    const long double u = std::ldexp(static_cast<long double>(words[radius_at]) + 0.5L, -64);
    const long double angle = turn * std::ldexp(static_cast<long double>(words[radius_at + 32]), -64);
    // fill_gaussian's quarters begin an eighth of a turn earlier.
    const long double direction = i % 64 < 32 ? std::cos(angle - turn / 8) : std::sin(angle - turn / 8);
    const long double expected = std::sqrt(-2 * std::log(u)) * direction;
    ASSERT_NEAR(z[i], static_cast<double>(expected), 1e-14) << i;
  }
}

// Made by this test with gcc 12 on AVX-512; clang 14, SSE2 and builds without optimisation agreed.
TEST(Gaussian, HasTheSameBitsOnEveryCompilerAndProcessor) {
  const std::vector<double> z = normals(Key::from_seed(27), Purpose::noise, 1, 2, 100000);
  EXPECT_EQ(Digest().add(z.data(), z.size() * sizeof(double)).hex().substr(0, 16), "56c1d24e87fa515b");
}

TEST(Gaussian, RefusesToBeginInsideABlock) {
  std::vector<double> out(64);
  EXPECT_THROW(fill_gaussian(Key::from_seed(1), Purpose::noise, 0, 0, 32, out), InternalError);
}

}  // namespace
}  // namespace dpml
