// The distribution of a sum by transforms and by few frequencies, against convolutions in long double; the errors that
// they state are bounds. Fixed keys; a single miss is a fault.

#include "pld/composed_masses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "dice.h"
#include "numerics/fourier.h"

namespace dpml::pld {
namespace {

using Circle = std::vector<long double>;

DiscretePld random_lattice(Dice& dice, int reach) {
  DiscretePld lattice{.step = dice.logarithmic(1e-3, 1), .offset = dice.uniform(-1, 1), .nodes = {}};
  for (int index = -reach; index <= reach; index += 1 + dice.below(3)) {
    lattice.nodes.push_back({index, dice.logarithmic(dice.coin() ? 1e-2 : 1e-12, 1)});
  }
  return lattice;
}

CountedTiltedPld phase(const DiscretePld& lattice, double count, double tilt = 0.5) {
  return {TiltedPld(lattice, tilt), count};
}

std::optional<Spectrum> smooth_one(const std::vector<CountedTiltedPld>& phases, std::int64_t points) {
  WorkBudget budget(1e10);
  return compose_by_coefficients(phases, points, budget);
}

Circle convolved(const Circle& a, const Circle& b) {
  const std::size_t points = a.size();
  Circle sum(points, 0);
  for (std::size_t i = 0; i < points; ++i) {
    if (a[i] == 0) continue;
    for (std::size_t j = 0; j < points; ++j) sum[i + j < points ? i + j : i + j - points] += a[i] * b[j];
  }
  return sum;
}

/// The slow twin: every release is added to the sum, on the circle, by doublings of the number of releases. At place 0
/// is what the others leave of 1.
Circle convolved(const std::vector<CountedTiltedPld>& phases, std::size_t points) {
  Circle sum(points, 0);
  sum[0] = 1;
  for (const CountedTiltedPld& one : phases) {
    Circle power(points, 0);
    power[0] = 1;
    for (std::size_t i = 0; i < one.lattice.weights.size(); ++i) {
      if (one.lattice.places[i] == 0) continue;
      power[static_cast<std::size_t>(positive_modulo(one.lattice.places[i], static_cast<std::int64_t>(points)))] +=
          one.lattice.weights[i];
      power[0] -= one.lattice.weights[i];
    }
    for (auto count = static_cast<std::uint64_t>(one.count); count > 0; count >>= 1) {
      if (count & 1) sum = convolved(sum, power);
      if (count > 1) power = convolved(power, power);
    }
  }
  return sum;
}

/// The masses that some Fourier coefficients stand for.
Circle masses_of(const Spectrum& spectrum, std::size_t points) {
  Circle masses(points, 0);
  const auto size = static_cast<long double>(points);
  for (std::size_t s = 0; s < points; ++s) {
    for (std::size_t k = 0; k < spectrum.coefficients.size(); ++k) {
      const long double angle = 2 * std::numbers::pi_v<long double> * static_cast<long double>(k * s % points) / size;
      const std::complex<long double> coefficient(spectrum.coefficients[k]);
      const long double part = (coefficient * std::polar(1.0L, angle)).real() / size;
      masses[s] += (k == 0 || 2 * k == points ? 1 : 2) * part;
    }
  }
  return masses;
}

template <class Masses>
long double largest_difference(const Masses& ours, const Circle& exact) {
  long double largest = 0;
  for (std::size_t s = 0; s < exact.size(); ++s) largest = std::max(largest, std::fabs(ours[s] - exact[s]));
  return largest;
}

template <class Masses>
long double norm_of_difference(const Masses& ours, const Circle& exact) {
  long double square = 0;
  for (std::size_t s = 0; s < exact.size(); ++s) square += (ours[s] - exact[s]) * (ours[s] - exact[s]);
  return std::sqrt(square);
}

void expect_transformed_right(const std::vector<CountedTiltedPld>& phases, std::size_t points, double most_error) {
  const Circle exact = convolved(phases, points);
  for (const Precision precision : {Precision::usual, Precision::extended}) {
    const ComposedMasses ours = compose_by_fft(phases, points, precision);
    ASSERT_EQ(ours.masses.size(), points);
    // Masses are kept as doubles; and the twin rounds what stays at place 0, where ours is more exact.
    double of_twin = 1e-15;
    for (const CountedTiltedPld& one : phases) of_twin += one.count * 0x1p-62;
    EXPECT_LE(largest_difference(ours.masses, exact), ours.pointwise_error + of_twin);
    EXPECT_LE(norm_of_difference(ours.masses, exact), ours.norm_error + of_twin);
    EXPECT_LE(ours.pointwise_error, precision == Precision::usual ? most_error : 1e-3 * most_error);
    EXPECT_LE(ours.norm_error, std::sqrt(static_cast<double>(points)) * ours.pointwise_error * (1 + 1e-9) + 1e-18);
  }
}

TEST(Spectrum, TransformsAreConvolutionsWithinTheirError) {
  Dice dice(1);
  for (int i = 0; i < (wants_all_cases() ? 1000 : 40); ++i) {
    std::vector<CountedTiltedPld> phases;
    for (int j = dice.below(3); j >= 0; --j) {
      const double count = dice.count(dice.coin() ? 4 : 1000);
      phases.push_back(phase(random_lattice(dice, 2 + dice.below(30)), count));
    }
    if (phases.size() == 1) ++phases[0].count;
    SCOPED_TRACE("case " + std::to_string(i));
    // Wherever the sum lies, wrapped around or not.
    expect_transformed_right(
        phases, numerics::convenient_transform_size(static_cast<std::size_t>(64 + dice.below(120))), 1e-10);
  }
}

TEST(Spectrum, OneReleaseIsItself) {
  Dice dice(2);
  const CountedTiltedPld one = phase(random_lattice(dice, 10), 1);
  const ComposedMasses ours = compose_by_fft({one}, 64);
  EXPECT_EQ(ours.pointwise_error, 0);
  EXPECT_LE(largest_difference(ours.masses, convolved({one}, 64)), 1e-15);
}

// Two releases in a thousand millions do anything: the counts of a power beyond 32 bits, and beyond those that are
// multiplied out.
TEST(Spectrum, CountsMayBeThousandsOfMillions) {
  for (const double count : {9e8, 1.1e9, 5e9}) {
    const DiscretePld lattice{
        .step = 1, .offset = 0, .nodes = {{-1, 0.5 / count}, {0, 1 - 2.5 / count}, {3, 2 / count}}};
    expect_transformed_right({phase(lattice, count, 0)}, 64, 1e-4);
  }
}

TEST(Spectrum, SmoothSumsNeedFewFrequencies) {
  Dice dice(3);
  int smooth = 0;
  for (int i = 0; i < (wants_all_cases() ? 500 : 15); ++i) {
    std::vector<CountedTiltedPld> phases;
    for (int j = dice.below(3); j >= 0; --j) {
      const double count = std::floor(dice.uniform(100, 3000));
      phases.push_back(phase(random_lattice(dice, 2 + dice.below(3)), count));
    }
    const auto points = static_cast<std::size_t>(150 + dice.below(300));  // also odd ones
    const std::optional<Spectrum> ours = smooth_one(phases, static_cast<std::int64_t>(points));
    if (!ours) continue;
    ++smooth;
    SCOPED_TRACE("case " + std::to_string(i));
    const Circle exact = convolved(phases, points);
    const Circle masses = masses_of(*ours, points);
    EXPECT_LE(largest_difference(masses, exact), ours->pointwise_error);
    EXPECT_LE(ours->pointwise_error, 1e-11);
    EXPECT_LT(2 * ours->coefficients.size(), points);
    const ComposedMasses transformed = compose_by_fft(phases, numerics::convenient_transform_size(points));
    if (transformed.masses.size() == points) {
      EXPECT_LE(largest_difference(transformed.masses, masses), ours->pointwise_error + transformed.pointwise_error);
    }
  }
  EXPECT_GE(smooth, 8);
}

// The coefficients of these fade out and come back at a higher frequency.
TEST(Spectrum, SumsWithGapsAreNotTakenForSmooth) {
  Dice dice(4);
  for (int i = 0; i < (wants_all_cases() ? 1000 : 30); ++i) {
    const double count = std::floor(dice.uniform(1000, 50000));
    const double size_when_back = dice.uniform(0, 44);  // - log of it; what is below exp(-46) is nothing
    const double odd = size_when_back / (2 * count);
    DiscretePld lattice{.step = 1, .offset = 0, .nodes = {{0, (1 - odd) * dice.uniform(0.2, 0.8)}}};
    if (odd > 0) lattice.nodes.push_back({1 + 2 * dice.below(5), odd});
    const std::int64_t even = lattice.nodes.back().index + 1;
    lattice.nodes.push_back({even, 1 - odd - lattice.nodes[0].mass});
    EXPECT_FALSE(smooth_one({phase(lattice, count, 0)}, 1000 * even + dice.below(20000))) << "case " << i;
  }
  for (const int spacing : {3, 7, 100}) {
    const DiscretePld lattice{.step = 1, .offset = 0, .nodes = {{0, 0.5}, {spacing, 0.5}}};
    EXPECT_FALSE(smooth_one({phase(lattice, 40000, 0)}, 400 * spacing)) << spacing;
  }
  // Together with others that fill the gaps they are.
  const DiscretePld even{.step = 1, .offset = 0, .nodes = {{0, 0.5}, {2, 0.5}}};
  const DiscretePld all{.step = 1, .offset = 0, .nodes = {{0, 0.5}, {1, 0.5}}};
  EXPECT_TRUE(smooth_one({phase(even, 1000, 0), phase(all, 1000, 0)}, 700));
}

TEST(Spectrum, TransformSizesAreConvenientAndHardlyLarger) {
  Dice dice(5);
  for (int i = 1; i < 3000; ++i) {
    const auto least = static_cast<std::size_t>(i < 2000 ? i : dice.count(1e7));
    const std::size_t size = numerics::convenient_transform_size(least);
    EXPECT_GE(size, least);
    EXPECT_LT(static_cast<double>(size), 1.25 * static_cast<double>(least) + 0.5) << least;
    std::size_t rest = size;
    for (const std::size_t factor : {2u, 3u, 5u}) {
      while (rest % factor == 0) rest /= factor;
    }
    EXPECT_EQ(rest, 1u) << least;
  }
}

// Higham 2002, Theorem 24.2, with the constants of fourier.cpp.
TEST(Spectrum, TransformsErrByAFewUnitsOfTheirNorm) {
  Dice dice(6);
  for (const std::size_t points : {1u, 2u, 3u, 5u, 12u, 60u, 256u, 640u}) {
    std::vector<std::complex<double>> from(points);
    double square = 0;
    for (std::complex<double>& one : from) {
      one = {dice.uniform(-1, 1), dice.uniform(-1, 1)};
      square += std::norm(one);
    }
    std::vector<std::complex<double>> to(points);
    std::vector<std::complex<double>> back(points);
    numerics::Transform<double> transform(points);
    transform.forward(from, to);
    transform.backward(to, back);
    long double error = 0;
    long double error_back = 0;
    const auto size = static_cast<long double>(points);
    for (std::size_t k = 0; k < points; ++k) {
      std::complex<long double> sum = 0;
      for (std::size_t s = 0; s < points; ++s) {
        const long double angle =
            -2 * std::numbers::pi_v<long double> * static_cast<long double>(k * s % points) / size;
        sum += std::complex<long double>(from[s]) * std::polar(1.0L, angle);
      }
      error += std::norm(std::complex<long double>(to[k]) - sum);
      error_back += std::norm(back[k] - from[k]);
    }
    const double most = transform.error() * std::sqrt(square);
    EXPECT_LE(std::sqrt(error / size), most) << points;
    EXPECT_LE(std::sqrt(error_back), 2 * most) << points;
  }
}

}  // namespace
}  // namespace dpml::pld
