#include "dpml/tensor/gemm.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(Gemm, MultipliesRowMajorMatrices) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};     // [2, 3]
  const std::vector<float> b = {1, 0, 2, 1, 0, 1};     // [3, 2]
  const std::vector<float> b_t = {1, 2, 0, 0, 1, 1};   // [2, 3]
  const std::vector<float> expected = {5, 5, 14, 11};  // [2, 2]
  for (const Products by : {Products::own, Products::library}) {
    std::vector<float> c(4);
    MatrixProduct product{2, 2, 3, {a.data(), 3}, {b.data(), 2}, c.data(), 2};
    gemm(product, by);
    EXPECT_EQ(c, expected);
    product.b.numbers = b_t.data();
    product.b.row_distance = 3;
    product.b.transpose = Transpose::yes;
    gemm(product, by);
    EXPECT_EQ(c, expected);
    product.result = GemmResult::is_added;
    product.factor = -2;
    gemm(product, by);
    EXPECT_EQ(c, (std::vector<float>{-5, -5, -14, -11}));
    product.result = GemmResult::goes_on;
    gemm(product, by);
    EXPECT_EQ(c, std::vector<float>(4));
  }
}

TEST(Gemm, DoesNothingWithoutRowsOrColumns) {
  const std::vector<float> numbers(12, kNaN);
  std::vector<float> c(12, 7);
  gemm({0, 3, 4, {numbers.data(), 4}, {numbers.data(), 3}, c.data(), 3});
  gemm({3, 0, 4, {numbers.data(), 4}, {numbers.data(), 1}, c.data(), 1});
  gemm({0, 0, 0, {nullptr, 0, Transpose::yes}, {nullptr, 0, Transpose::yes}});
  EXPECT_EQ(c, std::vector<float>(12, 7));
}

TEST(Gemm, ReplacesByZerosOrAddsNothingWhenThereIsNothingToSum) {
  MatrixProduct product{2, 2, 0, {}, {nullptr, 2}, nullptr, 3};
  for (const GemmResult result : {GemmResult::goes_on, GemmResult::is_added}) {
    std::vector<float> c = {1, 2, -9, 3, 4, -9};  // [2, 2] in rows of 3
    product.c = c.data();
    product.result = result;
    gemm(product);
    EXPECT_EQ(c, (std::vector<float>{1, 2, -9, 3, 4, -9}));
  }
  std::vector<float> c = {kNaN, 2, -9, 3, kNaN, -9};
  product.c = c.data();
  product.result = GemmResult::replaces;
  gemm(product);
  EXPECT_EQ(c, (std::vector<float>{0, 0, -9, 0, 0, -9}));
}

TEST(Gemm, RefusesRowsShorterThanTheirMatrix) {
  std::vector<float> numbers(100);
  const auto multiply = [&](Transpose ta, Transpose tb, Index lda, Index ldb, Index ldc) {
    gemm({2, 3, 4, {numbers.data(), lda, ta}, {numbers.data(), ldb, tb}, numbers.data(), ldc});
  };
  multiply(Transpose::no, Transpose::no, 4, 3, 3);
  multiply(Transpose::yes, Transpose::yes, 2, 4, 3);
  EXPECT_THROW(multiply(Transpose::no, Transpose::no, 3, 3, 3), InternalError);
  EXPECT_THROW(multiply(Transpose::no, Transpose::no, 4, 2, 3), InternalError);
  EXPECT_THROW(multiply(Transpose::no, Transpose::no, 4, 3, 2), InternalError);
  EXPECT_THROW(multiply(Transpose::yes, Transpose::no, 1, 3, 3), InternalError);
  EXPECT_THROW(multiply(Transpose::no, Transpose::yes, 4, 3, 3), InternalError);
}

TEST(Gemm, SaysWhoMultiplies) {
  EXPECT_TRUE(gemm_description(Products::own).starts_with("dpml's own (")) << gemm_description(Products::own);
  EXPECT_FALSE(gemm_description(Products::library).empty());
}

}  // namespace
}  // namespace dpml
