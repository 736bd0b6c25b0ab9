#include "dpml/tensor/vector_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "dpml/base/digest.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

double phi_integral(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

void elu_of_one(std::span<const float> x, std::span<float> y) {
  elu_values(x, 1, 1, y);
}
void softplus_of_one(std::span<const float> x, std::span<float> y) {
  softplus_values(x, 1, 20, y);
}
void elu_gradients_of_one(std::span<const float> x, std::span<const float> dy, std::span<float> dx) {
  elu_gradients(x, dy, 1, 1, dx);
}
void softplus_gradients_of_one(std::span<const float> x, std::span<const float> dy, std::span<float> dx) {
  softplus_gradients(x, dy, 1, 20, dx);
}

double sigmoid_in_double(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

struct Function {
  const char* name;
  void (*apply)(std::span<const float>, std::span<float>);
  double (*twin)(double);
  double largest_error;  ///< in units in the last place, as the header states
  const char* digest;    ///< of the results for every_number()
};

const Function kFunctions[] = {
    {"exp", exp_values, [](double x) { return std::exp(x); }, 1.1, "f55de7d6730d3d8f"},
    {"tanh", tanh_values, [](double x) { return std::tanh(x); }, 2.5, "2a345c1f1de7bde2"},
    {"sigmoid", sigmoid_values, [](double x) { return 1.0 / (1.0 + std::exp(-x)); }, 2.4, "b0cf65732f15a957"},
    {"gelu", gelu_values, [](double x) { return x * phi_integral(x); }, 8.3, "69f1c40dd5149091"},
    {"silu", silu_values, [](double x) { return x / (1.0 + std::exp(-x)); }, 2.8, "6dfd55fba85698f8"},
    {"elu", elu_of_one, [](double x) { return x > 0 ? x : std::expm1(x); }, 1.3, "118c15143cbc085b"},
    {"softplus", softplus_of_one, [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }, 2.8,
     "108799661406f117"},
};

/// A million numbers spread over all finite floats: every 4093rd pattern of bits.
std::vector<float> every_number() {
  std::vector<float> numbers;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4093) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isfinite(x)) numbers.push_back(x);
  }
  return numbers;
}

std::vector<float> result_of(const Function& function, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  function.apply(x, y);
  return y;
}

float result_of(const Function& function, float x) {
  return result_of(function, std::vector<float>{x})[0];
}

double error_in_last_places(float value, double expected) {
  if (std::isinf(static_cast<float>(expected))) return value == static_cast<float>(expected) ? 0 : kInfinity;
  int exponent = 0;
  std::frexp(expected, &exponent);
  return std::abs(static_cast<double>(value) - expected) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

TEST(VectorMath, AgreesWithDoubleToTheErrorStated) {
  const std::vector<float> x = every_number();
  for (const Function& function : kFunctions) {
    const std::vector<float> y = result_of(function, x);
    double largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      largest = std::max(largest, error_in_last_places(y[i], function.twin(static_cast<double>(x[i]))));
    }
    EXPECT_LE(largest, function.largest_error) << function.name;
  }
}

// The digests were made by this test with gcc 12 on AVX-512; clang 14, SSE2 and builds without optimisation agreed.
TEST(VectorMath, HasTheSameBitsOnEveryCompilerAndProcessor) {
  const std::vector<float> x = every_number();
  for (const Function& function : kFunctions) {
    const std::vector<float> y = result_of(function, x);
    EXPECT_EQ(Digest().add(y.data(), y.size() * sizeof(float)).hex().substr(0, 16), function.digest) << function.name;
  }
}

TEST(VectorMath, GivesANumberTheSameResultAtEveryPlace) {
  std::vector<float> all(150);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = 0.17F * (static_cast<float>(i) - 75.0F);
  for (const Function& function : kFunctions) {
    for (std::size_t begin = 0; begin < 17; ++begin) {
      for (std::size_t size = 0; size + begin <= all.size(); size += 7) {
        const std::vector<float> y =
            result_of(function, std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                                   all.begin() + static_cast<std::ptrdiff_t>(begin + size)));
        for (std::size_t i = 0; i < size; ++i) {
          ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]),
                    std::bit_cast<std::uint32_t>(result_of(function, all[begin + i])))
              << function.name << " of number " << i << " of " << size;
        }
      }
    }
  }
}

TEST(VectorMath, KeepsNaNAwayFromNeighbours) {
  for (const Function& function : kFunctions) {
    std::vector<float> x(40, 0.3F);
    const std::vector<float> before = result_of(function, x);
    for (std::size_t bad = 0; bad < x.size(); ++bad) {
      x[bad] = kNaN;
      const std::vector<float> after = result_of(function, x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (i == bad) {
          EXPECT_TRUE(std::isnan(after[i])) << function.name;
        } else {
          EXPECT_EQ(std::bit_cast<std::uint32_t>(after[i]), std::bit_cast<std::uint32_t>(before[i])) << function.name;
        }
      }
      x[bad] = 0.3F;
    }
  }
}

TEST(VectorMath, GivesTheLimitsAtInfinity) {
  const float below[] = {0, -1, 0, 0, 0, -1, 0};
  const float above[] = {kInfinity, 1, 1, kInfinity, kInfinity, kInfinity, kInfinity};
  for (std::size_t i = 0; i < std::size(kFunctions); ++i) {
    EXPECT_EQ(result_of(kFunctions[i], -kInfinity), below[i]) << kFunctions[i].name;
    EXPECT_EQ(result_of(kFunctions[i], kInfinity), above[i]) << kFunctions[i].name;
    EXPECT_TRUE(std::isnan(result_of(kFunctions[i], -kNaN))) << kFunctions[i].name;
  }
}

TEST(VectorMath, IsExactAtZero) {
  EXPECT_EQ(result_of(kFunctions[0], 0.0F), 1.0F);
  EXPECT_EQ(result_of(kFunctions[2], 0.0F), 0.5F);
  for (const float zero : {0.0F, -0.0F}) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(result_of(kFunctions[1], zero)), std::bit_cast<std::uint32_t>(zero));
    EXPECT_EQ(result_of(kFunctions[3], zero), 0.0F);
  }
}

TEST(VectorMath, MayOverwriteItsArgument) {
  for (const Function& function : kFunctions) {
    std::vector<float> x = {-3, -1, -0.1F, 0, 0.2F, 1, 5, 7, 8, 9, -20, 0.3F, 4, 2, 1, 0, 6, 7};
    const std::vector<float> expected = result_of(function, x);
    function.apply(x, x);
    EXPECT_EQ(x, expected) << function.name;
  }
}

struct Gradient {
  const char* name;
  void (*apply)(std::span<const float>, std::span<const float>, std::span<float>);
  double (*slope)(double);
  float low, high;   ///< where the argument lies
  double tolerance;  ///< of the slope
};

const Gradient kGradients[] = {
    {"tanh", tanh_gradients, [](double y) { return 1.0 - y * y; }, -1, 1, 0x1p-23},
    {"sigmoid", sigmoid_gradients, [](double y) { return y * (1.0 - y); }, 0, 1, 0x1p-24},
    {"gelu", gelu_gradients,
     [](double x) { return phi_integral(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }, -20, 20,
     1.2e-7},
    {"silu", silu_gradients, [](double x) { return sigmoid_in_double(x) * (1 + x * (1 - sigmoid_in_double(x))); }, -20,
     20, 2.5e-7},
    {"elu", elu_gradients_of_one, [](double x) { return x > 0 ? 1 : std::exp(x); }, -20, 20, 1.2e-7},
    {"softplus", softplus_gradients_of_one, sigmoid_in_double, -20, 20, 1.2e-7},
};

TEST(VectorMath, MultipliesGradientsByTheSlope) {
  for (const Gradient& gradient : kGradients) {
    std::vector<float> x;
    for (int i = 0; i <= 100000; ++i) {
      x.push_back(gradient.low + (gradient.high - gradient.low) * static_cast<float>(i) / 100000.0F);
    }
    const std::vector<float> ones(x.size(), 1.0F);
    std::vector<float> dx(x.size());
    gradient.apply(x, ones, dx);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(dx[i]), gradient.slope(static_cast<double>(x[i])), gradient.tolerance)
          << gradient.name << " at " << x[i];
    }

    std::vector<float> dy(x.size());
    for (std::size_t i = 0; i < dy.size(); ++i) dy[i] = static_cast<float>(i % 7) - 3.0F;
    const std::vector<float> slopes = dx;
    gradient.apply(x, dy, dy);  // in place
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(dy[i], (static_cast<float>(i % 7) - 3.0F) * slopes[i]);
  }
}

TEST(VectorMath, HasASlopeEverywhere) {
  const std::vector<float> x = {-kInfinity, kInfinity, kNaN, -1000, 1000};
  const std::vector<float> ones(x.size(), 1.0F);
  std::vector<float> dx(x.size());
  gelu_gradients(x, ones, dx);
  EXPECT_EQ(dx[0], 0.0F);
  EXPECT_EQ(dx[1], 1.0F);
  EXPECT_TRUE(std::isnan(dx[2]));
  EXPECT_EQ(dx[3], 0.0F);
  EXPECT_EQ(dx[4], 1.0F);
}

TEST(VectorMath, RefusesSpansOfDifferentLengths) {
  std::vector<float> two(2);
  std::vector<float> three(3);
  expect_error<InternalError>("x.size() == y.size()", [&] { exp_values(two, three); });
  expect_error<InternalError>("dy.size() == dx.size()", [&] { tanh_gradients(two, three, two); });
}

}  // namespace
}  // namespace dpml
