#include "gemm_multiplier.h"

#include <omp.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace dpml {
namespace {

constexpr float kUntouched = 12345.0F;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Sizes {
  Index m, n, k;
};

/// One product with its numbers. Every row is `slack` longer than its matrix needs; the surplus holds NaN in A and B,
/// which must not be read, and kUntouched in C, which must not be written.
struct Example {
  Example(Sizes sizes, Transpose ta, Transpose tb, GemmResult result = GemmResult::replaces, float factor = 1,
          Index slack = 0)
      : product{sizes.m, sizes.n, sizes.k, {nullptr, 0, ta}, {nullptr, 0, tb}, nullptr, 0, result, factor} {
    const bool swap_a = ta == Transpose::yes;
    const bool swap_b = tb == Transpose::yes;
    product.a.row_distance = (swap_a ? sizes.m : sizes.k) + slack;
    product.b.row_distance = (swap_b ? sizes.k : sizes.n) + slack;
    product.ldc = sizes.n + slack;
    a = random_matrix(swap_a ? sizes.k : sizes.m, product.a.row_distance, slack, kNaN);
    b = random_matrix(swap_b ? sizes.n : sizes.k, product.b.row_distance, slack, kNaN);
    c = random_matrix(sizes.m, product.ldc, slack, kUntouched);
  }

  static std::vector<float> random_matrix(Index rows, Index row_distance, Index slack, float surplus) {
    static std::mt19937 bits(1);
    std::uniform_real_distribution<float> number(-1, 1);
    std::vector<float> matrix(static_cast<std::size_t>(rows * row_distance), surplus);
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      if (static_cast<Index>(i) % row_distance < row_distance - slack) matrix[i] = number(bits);
    }
    return matrix;
  }

  float a_at(Index i, Index q) const {
    return product.a.transpose == Transpose::yes ? at(a, q, i, product.a.row_distance)
                                                 : at(a, i, q, product.a.row_distance);
  }
  float b_at(Index q, Index j) const {
    return product.b.transpose == Transpose::yes ? at(b, j, q, product.b.row_distance)
                                                 : at(b, q, j, product.b.row_distance);
  }
  static float at(const std::vector<float>& matrix, Index row, Index column, Index row_distance) {
    return matrix[static_cast<std::size_t>(row * row_distance + column)];
  }

  /// The library's C.
  std::vector<float> multiplied(void (*multiply)(const MatrixProduct&)) const {
    std::vector<float> result = c;
    MatrixProduct filled = product;
    filled.a.numbers = a.data();
    filled.b.numbers = b.data();
    filled.c = result.data();
    multiply(filled);
    return result;
  }

  MatrixProduct product;
  std::vector<float> a, b, c;
};

/// The twin: each entry as a sum in double. The bound is the usual one for float sums in any order.
void expect_right(const Example& example, const std::vector<float>& result) {
  const MatrixProduct& p = example.product;
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) {
      double sum = 0;
      double size = 0;
      for (Index q = 0; q < p.k; ++q) {
        const double term = static_cast<double>(example.a_at(i, q)) * static_cast<double>(example.b_at(q, j));
        sum += term;
        size += std::abs(term);
      }
      const double before =
          p.result == GemmResult::replaces ? 0 : static_cast<double>(Example::at(example.c, i, j, p.ldc));
      const double factor = p.result == GemmResult::is_added ? static_cast<double>(p.factor) : 1;
      const double expected = factor * sum + before;
      const double bound = 0x1p-24 * static_cast<double>(p.k + 4) * (std::abs(factor) * size + std::abs(before));
      ASSERT_NEAR(static_cast<double>(Example::at(result, i, j, p.ldc)), expected, bound)
          << "entry " << i << ", " << j << " of " << p.m << " x " << p.n << " x " << p.k << ", transposed "
          << static_cast<bool>(p.a.transpose) << static_cast<bool>(p.b.transpose);
    }
    for (Index j = p.n; j < p.ldc; ++j) ASSERT_EQ(Example::at(result, i, j, p.ldc), kUntouched) << "beyond row " << i;
  }
}

template <class Act>
void for_all_transposes(Act&& act) {
  for (const Transpose ta : {Transpose::no, Transpose::yes}) {
    for (const Transpose tb : {Transpose::no, Transpose::yes}) act(ta, tb);
  }
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

const std::vector<Sizes> kShapesOfTraining = {{8, 256, 784}, {256, 784, 8}, {196, 16, 64}, {25, 32, 256},
                                              {16, 64, 196}, {8, 10, 32},   {1, 1000, 7},  {130, 1, 65}};

TEST_P(GemmMultiplier, AgreesWithSumsInDouble) {
  for (const Index m : {1, 2, 5, 17, 48}) {
    for (const Index n : {1, 3, 16, 33}) {
      for (const Index k : {1, 4, 31, 64}) {
        for_all_transposes([&](Transpose ta, Transpose tb) {
          const Example example({m, n, k}, ta, tb);
          expect_right(example, example.multiplied(GetParam()));
        });
      }
    }
  }
  for (const Sizes& sizes : kShapesOfTraining) {
    for_all_transposes([&](Transpose ta, Transpose tb) {
      const Example example(sizes, ta, tb);
      expect_right(example, example.multiplied(GetParam()));
    });
  }
}

TEST_P(GemmMultiplier, ReplacesGoesOnOrAddsAndLeavesTheSurplusOfRowsAlone) {
  for (const Sizes& sizes : {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{33, 18, 40}, Sizes{40, 3, 9}, Sizes{64, 64, 64}}) {
    for (const GemmResult result : {GemmResult::replaces, GemmResult::goes_on, GemmResult::is_added}) {
      for_all_transposes([&](Transpose ta, Transpose tb) {
        const Example example(sizes, ta, tb, result, -0.5F, 3);
        expect_right(example, example.multiplied(GetParam()));
      });
    }
  }
}

TEST_P(GemmMultiplier, ReplacesNaN) {
  for (const Sizes& sizes : {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{33, 18, 40}}) {
    Example example(sizes, Transpose::no, Transpose::yes);
    example.c.assign(example.c.size(), kNaN);
    expect_right(example, example.multiplied(GetParam()));
  }
}

TEST_P(GemmMultiplier, KeepsNaNInTheRowItCameFrom) {
  std::vector<Sizes> shapes = kShapesOfTraining;
  shapes.insert(shapes.end(), {{3, 5, 7}, {33, 18, 40}, {64, 64, 64}});
  for (const Sizes& sizes : shapes) {
    for_all_transposes([&](Transpose ta, Transpose tb) {
      Example example(sizes, ta, tb);
      const std::vector<float> before = example.multiplied(GetParam());
      const Index row = sizes.m / 2;
      const bool swap = ta == Transpose::yes;
      for (Index q = 0; q < sizes.k; ++q) {
        example.a[static_cast<std::size_t>(swap ? q * example.product.a.row_distance + row
                                                : row * example.product.a.row_distance + q)] = kNaN;
      }
      std::vector<float> after = example.multiplied(GetParam());
      for (Index j = 0; j < sizes.n; ++j) {
        const auto entry = static_cast<std::size_t>(row * sizes.n + j);
        EXPECT_TRUE(std::isnan(after[entry]));
        after[entry] = before[entry];
      }
      EXPECT_TRUE(same_bits(before, after)) << sizes.m << " x " << sizes.n << " x " << sizes.k;
    });
  }
}

TEST_P(GemmMultiplier, RepeatsItsBits) {
  for (const Sizes& sizes : kShapesOfTraining) {
    const Example example(sizes, Transpose::no, Transpose::yes);
    const std::vector<float> first = example.multiplied(GetParam());
    for (int repeat = 0; repeat < 5; ++repeat) EXPECT_TRUE(same_bits(first, example.multiplied(GetParam())));
  }
}

// Shapes on which the libraries, left alone, use their threads and round differently.
const std::vector<Sizes> kShapesThatInviteThreads = {
    {1, 64, 784}, {1, 200, 256}, {8, 200, 784}, {7, 256, 784}, {256, 256, 256}};

TEST_P(GemmMultiplier, GivesTheSameBitsForAnyNumberOfThreads) {
  const int before = omp_get_max_threads();
  for (const Sizes& sizes : kShapesThatInviteThreads) {
    for_all_transposes([&](Transpose ta, Transpose tb) {
      const Example example(sizes, ta, tb);
      omp_set_num_threads(1);
      const std::vector<float> alone = example.multiplied(GetParam());
      omp_set_num_threads(2);
      EXPECT_TRUE(same_bits(alone, example.multiplied(GetParam()))) << sizes.m << " x " << sizes.n << " x " << sizes.k;
      EXPECT_EQ(omp_get_max_threads(), 2) << "the caller's setting is kept";
#pragma omp parallel num_threads(1)
      EXPECT_TRUE(same_bits(alone, example.multiplied(GetParam()))) << "in a region of one thread";
    });
  }
  omp_set_num_threads(before);
}

TEST_P(GemmMultiplier, GivesTheSameBitsInsideAParallelRegion) {
  for (const Sizes& sizes : kShapesThatInviteThreads) {
    const Example example(sizes, Transpose::no, Transpose::yes);
    const std::vector<float> alone = example.multiplied(GetParam());
    std::atomic<int> different = 0;
#pragma omp parallel num_threads(4)
    for (int repeat = 0; repeat < 3; ++repeat) {
      if (!same_bits(alone, example.multiplied(GetParam()))) ++different;
    }
    EXPECT_EQ(different, 0) << sizes.m << " x " << sizes.n << " x " << sizes.k;
  }
}

}  // namespace
}  // namespace dpml
