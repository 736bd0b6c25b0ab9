#include "gemm_own.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "dpml/base/instruction_set.h"
#include "gemm_multiplier.h"

// The rule of bits (dpml/tensor/gemm.h) of every kernel that this processor can run, each called directly.
namespace dpml {

namespace {

template <void (*multiply)(const MatrixProduct&, float*), Index (*room_for)(const MatrixProduct&)>
void own(const MatrixProduct& product) {
  std::vector<float> panel(static_cast<std::size_t>(room_for(product)));
  multiply(product, panel.data());
}

struct Kernel {
  const char* name;
  void (*multiply)(const MatrixProduct&);
  bool is_fused;
};

void by_gemm(const MatrixProduct& product) {
  gemm(product);
}

/// The last one is gemm itself, which turns products of few columns around.
std::vector<Kernel> kernels() {
  std::vector<Kernel> all = {{"plain", own<plain::multiply, plain::room_for>, false}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    all.push_back({"avx2", own<avx2::multiply, avx2::room_for>, true});
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    all.push_back({"avx512", own<avx512::multiply, avx512::room_for>, true});
  }
#endif
  all.push_back({"gemm", by_gemm, instruction_set() != InstructionSet::plain});
  return all;
}

std::vector<void (*)(const MatrixProduct&)> multipliers() {
  std::vector<void (*)(const MatrixProduct&)> all;
  for (const Kernel& kernel : kernels()) all.push_back(kernel.multiply);
  return all;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Own, GemmMultiplier, testing::ValuesIn(multipliers()));

namespace {

/// Numbers of very different sizes, so that every other order of additions gives other bits.
std::vector<float> rough_numbers(std::mt19937& bits, Index count) {
  std::uniform_real_distribution<float> fraction(-1, 1);
  std::uniform_int_distribution<int> exponent(-12, 12);
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = std::ldexp(fraction(bits), exponent(bits));
  return numbers;
}

struct Problem {
  MatrixProduct product;
  std::vector<float> a, b, c;

  Problem(std::mt19937& bits, Index m, Index n, Index k, Transpose ta, Transpose tb, GemmResult result)
      : product{m,
                n,
                k,
                {nullptr, ta == Transpose::no ? k : m, ta},
                {nullptr, tb == Transpose::no ? n : k, tb},
                nullptr,
                n,
                result,
                0.7F},
        a(rough_numbers(bits, m * k)),
        b(rough_numbers(bits, n * k)),
        c(rough_numbers(bits, m * n)) {}

  std::vector<float> multiplied(void (*multiply)(const MatrixProduct&)) const {
    std::vector<float> result = c;
    MatrixProduct filled = product;
    filled.a.numbers = a.data();
    filled.b.numbers = b.data();
    filled.c = result.data();
    multiply(filled);
    return result;
  }

  float a_at(Index i, Index q) const {
    return a[static_cast<std::size_t>(product.a.transpose == Transpose::no ? i * product.a.row_distance + q
                                                                           : q * product.a.row_distance + i)];
  }
  float b_at(Index q, Index j) const {
    return b[static_cast<std::size_t>(product.b.transpose == Transpose::no ? q * product.b.row_distance + j
                                                                           : j * product.b.row_distance + q)];
  }

  /// The twin: the rule of bits, read aloud.
  std::vector<float> by_rule(bool fused) const {
    std::vector<float> result = c;
    for (Index i = 0; i < product.m; ++i) {
      for (Index j = 0; j < product.n; ++j) {
        float& number = result[static_cast<std::size_t>(i * product.ldc + j)];
        float sum = product.result == GemmResult::goes_on ? number : 0;
        for (Index q = 0; q < product.k; ++q) {
          if (fused) {
            sum = std::fma(a_at(i, q), b_at(q, j), sum);
          } else {
            const float term = a_at(i, q) * b_at(q, j);
            sum += term;
          }
        }
        if (product.result == GemmResult::is_added) {
          const float term = product.factor * sum;
          number += term;
        } else {
          number = sum;
        }
      }
    }
    return result;
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

constexpr GemmResult kResults[] = {GemmResult::replaces, GemmResult::goes_on, GemmResult::is_added};

TEST(OwnGemm, EveryNumberIsOneChainOfMultiplyAdds) {
  std::mt19937 bits(7);
  const auto up_to = [&](Index most) { return std::uniform_int_distribution<Index>(1, most)(bits); };
  for (int trial = 0; trial < 400; ++trial) {
    // Every tenth product is deeper than a panel.
    const Index k = trial % 10 == 0 ? 500 + up_to(700) : up_to(90);
    const Problem problem(bits, up_to(40), up_to(75), k, Transpose(trial % 2 == 0), Transpose(trial / 2 % 2 == 0),
                          kResults[trial % 3]);
    for (const Kernel& kernel : kernels()) {
      ASSERT_TRUE(same_bits(problem.multiplied(kernel.multiply), problem.by_rule(kernel.is_fused)))
          << kernel.name << ", " << problem.product.m << " x " << problem.product.n << " x " << k << ", trial "
          << trial;
    }
  }
}

TEST(OwnGemm, ARowKeepsItsBitsAmongAnyOthers) {
  std::mt19937 bits(8);
  for (const Index n : {1, 3, 10, 33, 64}) {
    for (const Index k : {1, 17, 600}) {
      for (const Transpose tb : {Transpose::no, Transpose::yes}) {
        const Problem whole(bits, 60, n, k, Transpose::no, tb, GemmResult::replaces);
        for (const Kernel& kernel : kernels()) {
          const std::vector<float> expected = whole.multiplied(kernel.multiply);
          for (Index rows = 1; rows <= 40; ++rows) {
            for (const Index first : {Index{0}, Index{60} - rows}) {
              Problem part = whole;
              part.product.m = rows;
              part.a.erase(part.a.begin(), part.a.begin() + first * k);
              part.c.resize(static_cast<std::size_t>(rows * n));
              const std::vector<float> got = part.multiplied(kernel.multiply);
              ASSERT_EQ(std::memcmp(got.data(), expected.data() + first * n, got.size() * sizeof(float)), 0)
                  << kernel.name << ", " << rows << " rows from " << first << ", n " << n << ", k " << k;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace dpml
