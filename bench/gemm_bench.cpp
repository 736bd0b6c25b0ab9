// dpml's own matrix products beside a library's (oneDNN where it was found), one thread, in turns in one process.
// usage: gemm_bench [rounds]      prints GFLOP/s of the own kernels and the median of time own / library
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "dpml/tensor/gemm.h"

namespace {

using namespace dpml;
using Clock = std::chrono::steady_clock;

struct Case {
  const char* name;
  Transpose transpose_a, transpose_b;
  Index m, n, k;
};

constexpr Transpose kNo = Transpose::no;
constexpr Transpose kYes = Transpose::yes;

// Products of shipped and common models: forward is A W^T, dx is dy W, dW is u^T v.
constexpr Case kCases[] = {
    {"MLP 784-256 forward, 64 rows", kNo, kYes, 64, 256, 784},
    {"MLP 256-256 forward, 64 rows", kNo, kYes, 64, 256, 256},
    {"MLP 256-10 forward, 64 rows", kNo, kYes, 64, 10, 256},
    {"MLP 256-256 dx, 64 rows", kNo, kNo, 64, 256, 256},
    {"MLP 256-10 dx, 64 rows", kNo, kNo, 64, 256, 10},
    {"MLP 784-256 dW, 64 rows", kYes, kNo, 256, 784, 64},
    {"MLP 256-256 dW, 64 rows", kYes, kNo, 256, 256, 64},
    {"MLP 784-256 forward, 15 rows", kNo, kYes, 15, 256, 784},
    {"MLP 784-256 forward, 1 row", kNo, kYes, 1, 256, 784},
    {"CNN 1st convolution, 1 sample", kNo, kYes, 196, 16, 64},
    {"CNN 1st convolution dW, 1 sample", kYes, kNo, 16, 64, 196},
    {"CNN 2nd convolution, 8 samples", kNo, kYes, 200, 32, 256},
    {"CNN 2nd convolution dx, 8 samples", kNo, kNo, 200, 256, 32},
    {"CNN 2nd convolution dW, 1 sample", kYes, kNo, 32, 256, 25},
    {"CNN 512-32 forward, 28 rows", kNo, kYes, 28, 32, 512},
    {"logistic regression 784-10 forward", kNo, kYes, 64, 10, 784},
    {"logistic regression 784-10 dW", kYes, kNo, 10, 784, 64},
    {"binary 100-1 forward", kNo, kYes, 64, 1, 100},
    {"binary 100-1 dW", kYes, kNo, 1, 100, 64},
    {"tabular 64-2 forward", kNo, kYes, 64, 2, 64},
    {"tabular 64-2 dx", kNo, kNo, 64, 64, 2},
    {"transformer 128-512 forward", kNo, kYes, 512, 512, 128},
    {"transformer 128-512 dx", kNo, kNo, 512, 128, 512},
    {"transformer 128-512 dW, 1 sample", kYes, kNo, 512, 128, 64},
    {"WRN 64-64 3x3 forward, T 1024", kNo, kYes, 1024, 64, 576},
    {"WRN 64-64 3x3 dx", kNo, kNo, 1024, 576, 64},
    {"WRN 64-64 3x3 dW", kYes, kNo, 64, 576, 1024},
    {"WRN 128-128 3x3 forward, T 256", kNo, kYes, 256, 128, 1152},
    {"WRN 128-128 3x3 dx", kNo, kNo, 256, 1152, 128},
    {"WRN 128-128 3x3 dW", kYes, kNo, 128, 1152, 256},
    {"WRN 256-256 3x3 forward, T 64", kNo, kYes, 64, 256, 2304},
    {"WRN 256-256 3x3 dx", kNo, kNo, 64, 2304, 256},
    {"WRN 256-256 3x3 dW", kYes, kNo, 256, 2304, 64},
    {"1024 cubed", kNo, kYes, 1024, 1024, 1024},
};

std::vector<float> random_numbers(Index count) {
  static std::mt19937 bits(1);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = normal(bits);
  return numbers;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 41;
  std::printf("own: %s; library: %s\n%-38s %9s %12s\n", gemm_description(Products::own).c_str(),
              gemm_description(Products::library).c_str(), "product", "GFLOP/s", "own/library");
  for (const Case& c : kCases) {
    const std::vector<float> a = random_numbers(c.m * c.k);
    const std::vector<float> b = random_numbers(c.n * c.k);
    std::vector<float> result(static_cast<std::size_t>(c.m * c.n));
    const MatrixProduct product{c.m,
                                c.n,
                                c.k,
                                {a.data(), c.transpose_a == kYes ? c.m : c.k, c.transpose_a},
                                {b.data(), c.transpose_b == kYes ? c.k : c.n, c.transpose_b},
                                result.data(),
                                c.n};
    const double work = 2.0 * static_cast<double>(c.m * c.n * c.k);
    const int repeats = std::max(1, static_cast<int>(1e7 / (work + 1e4)));
    const auto seconds = [&](Products by) {
      const auto start = Clock::now();
      for (int i = 0; i < repeats; ++i) gemm(product, by);
      return std::chrono::duration<double>(Clock::now() - start).count() / repeats;
    };
    std::vector<double> own;
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      own.push_back(seconds(Products::own));
      ratios.push_back(own.back() / seconds(Products::library));
    }
    std::printf("%-38s %9.1f %12.2f\n", c.name, work / median(own) * 1e-9, median(ratios));
    std::fflush(stdout);
  }
}
