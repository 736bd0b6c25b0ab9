#include "dpml/tensor/gemm.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr Transpose kNo = Transpose::no;
constexpr Transpose kYes = Transpose::yes;

TEST(Gemm, MultipliesRowMajorMatrices) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};     // [2, 3]
  const std::vector<float> b = {1, 0, 2, 1, 0, 1};     // [3, 2]
  const std::vector<float> b_t = {1, 2, 0, 0, 1, 1};   // [2, 3]
  const std::vector<float> expected = {5, 5, 14, 11};  // [2, 2]
  std::vector<float> c(4);
  gemm(kNo, kNo, 2, 2, 3, 1, a.data(), 3, b.data(), 2, 0, c.data(), 2);
  EXPECT_EQ(c, expected);
  gemm(kNo, kYes, 2, 2, 3, 1, a.data(), 3, b_t.data(), 3, 0, c.data(), 2);
  EXPECT_EQ(c, expected);
  gemm(kNo, kNo, 2, 2, 3, 2, a.data(), 3, b.data(), 2, -1, c.data(), 2);
  EXPECT_EQ(c, expected);
}

TEST(Gemm, DoesNothingWithoutRowsOrColumns) {
  const std::vector<float> numbers(12, kNaN);
  std::vector<float> c(12, 7);
  gemm(kNo, kNo, 0, 3, 4, 1, numbers.data(), 4, numbers.data(), 3, 0, c.data(), 3);
  gemm(kNo, kNo, 3, 0, 4, 1, numbers.data(), 4, numbers.data(), 1, 0, c.data(), 1);
  gemm(kYes, kYes, 0, 0, 0, 1, nullptr, 0, nullptr, 0, 0, nullptr, 0);
  EXPECT_EQ(c, std::vector<float>(12, 7));
}

TEST(Gemm, LeavesBetaTimesCWhenThereIsNothingToSum) {
  for (const float beta : {0.0F, 1.0F, 0.5F}) {
    std::vector<float> c = {1, 2, -9, 3, 4, -9};  // [2, 2] in rows of 3
    gemm(kNo, kNo, 2, 2, 0, 1, nullptr, 0, nullptr, 2, beta, c.data(), 3);
    EXPECT_EQ(c, (std::vector<float>{beta, 2 * beta, -9, 3 * beta, 4 * beta, -9}));
  }
  std::vector<float> c = {kNaN, kNaN};
  gemm(kNo, kNo, 1, 2, 0, 1, nullptr, 0, nullptr, 2, 0, c.data(), 2);
  EXPECT_EQ(c, (std::vector<float>{0, 0}));
}

TEST(Gemm, ReadsNeitherMatrixWhenAlphaIsZero) {
  const std::vector<float> numbers(4, kNaN);
  std::vector<float> c = {1, 2, 3, 4};
  gemm(kNo, kNo, 2, 2, 2, 0, numbers.data(), 2, numbers.data(), 2, 2, c.data(), 2);
  EXPECT_EQ(c, (std::vector<float>{2, 4, 6, 8}));
}

TEST(Gemm, RefusesRowsShorterThanTheirMatrix) {
  std::vector<float> numbers(100);
  const auto call = [&](Transpose ta, Transpose tb, Index lda, Index ldb, Index ldc) {
    gemm(ta, tb, 2, 3, 4, 1, numbers.data(), lda, numbers.data(), ldb, 0, numbers.data(), ldc);
  };
  expect_error<InternalError>("lda", [&] { call(kNo, kNo, 3, 3, 3); });
  expect_error<InternalError>("lda", [&] { call(kYes, kNo, 1, 3, 3); });
  expect_error<InternalError>("ldb", [&] { call(kNo, kNo, 4, 2, 3); });
  expect_error<InternalError>("ldb", [&] { call(kNo, kYes, 4, 3, 3); });
  expect_error<InternalError>("ldc", [&] { call(kNo, kNo, 4, 3, 2); });
}

TEST(Gemm, NamesItsLibrary) {
  EXPECT_FALSE(gemm_description().empty());
}

}  // namespace
}  // namespace dpml
