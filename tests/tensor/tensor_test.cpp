#include "dpml/tensor/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

std::vector<float> numbers(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

Tensor counting(const Shape& shape) {
  Tensor tensor(shape);
  float next = 0;
  for (float& value : tensor.mutable_values()) value = next++;
  return tensor;
}

TEST(Tensor, HoldsWhatItIsMadeOf) {
  EXPECT_EQ(numbers(Tensor::zeros({2, 2})), (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(numbers(Tensor::filled({3}, 2.5F)), (std::vector<float>{2.5, 2.5, 2.5}));
  const std::array<float, 2> values = {1, 2};
  EXPECT_EQ(numbers(Tensor::from({2, 1}, values)), (std::vector<float>{1, 2}));
  EXPECT_EQ(Tensor().shape(), Shape{0});
  EXPECT_EQ(Tensor::filled(Shape{}, 7).size(), 1);
}

TEST(Tensor, RefusesNumbersThatDoNotFitTheShape) {
  const std::array<float, 2> values = {1, 2};
  expect_error<ShapeError>("shape [3] wants 3 numbers, got 2", [&] { Tensor::from({3}, values); });
}

TEST(Tensor, SharesItsNumbersWithCopiesAndViews) {
  Tensor tensor = counting({4, 3});
  const Tensor copy = tensor;
  const Tensor view = tensor.reshaped({2, 6});
  const Tensor rows = tensor.rows(1, 3);
  tensor.mutable_data()[4] = -1;
  EXPECT_EQ(copy.values()[4], -1);
  EXPECT_EQ(view.values()[4], -1);
  EXPECT_EQ(rows.values()[1], -1);
  EXPECT_EQ(rows.shape(), (Shape{2, 3}));
  EXPECT_EQ(rows.rows(1, 2).values()[0], 6);
}

TEST(Tensor, SharesNothingWithAClone) {
  Tensor tensor = counting({4, 3});
  const Tensor clone = tensor.rows(1, 3).clone();
  tensor.mutable_data()[4] = -1;
  EXPECT_EQ(numbers(clone), (std::vector<float>{3, 4, 5, 6, 7, 8}));
}

TEST(Tensor, OutlivesTheTensorItIsAViewOf) {
  Tensor rows;
  {
    const Tensor tensor = counting({4, 3});
    rows = tensor.rows(2, 4);
  }
  const Tensor other = Tensor::filled({4, 3}, 9);  // would take the memory, had it been given back
  EXPECT_EQ(numbers(rows), (std::vector<float>{6, 7, 8, 9, 10, 11}));
}

TEST(Tensor, MayHaveAZeroAxis) {
  for (const Shape& shape : {Shape{0}, Shape{0, 3}, Shape{3, 0}, Shape{2, 0, 3}}) {
    const Tensor tensor = Tensor::filled(shape, 1);
    EXPECT_EQ(tensor.size(), 0);
    EXPECT_EQ(tensor.clone().shape(), shape);
    EXPECT_EQ(tensor.reshaped({0, 5}).size(), 0);
    EXPECT_EQ(tensor.rows(0, 0).size(), 0);
  }
  EXPECT_EQ(counting({2, 3}).rows(2, 2).shape(), (Shape{0, 3}));
}

TEST(Tensor, RefusesViewsThatAreNotThere) {
  const Tensor tensor = counting({4, 3});
  expect_error<ShapeError>("cannot view [4, 3] as [5]", [&] { tensor.reshaped({5}); });
  expect_error<ShapeError>("rows [3, 5) of [4, 3]", [&] { tensor.rows(3, 5); });
  expect_error<ShapeError>("rows [-1, 2) of [4, 3]", [&] { tensor.rows(-1, 2); });
  expect_error<ShapeError>("rows [3, 2) of [4, 3]", [&] { tensor.rows(3, 2); });
  expect_error<ShapeError>("has no axis 0", [] { Tensor::zeros(Shape{}).rows(0, 0); });
}

TEST(Tensor, MovesWithoutCopying) {
  Tensor tensor = counting({4, 3});
  const float* data = tensor.data();
  const Tensor moved = std::move(tensor);
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(moved.size(), 12);
  Tensor assigned;
  assigned = moved;
  const Tensor& itself = assigned;
  assigned = itself;
  EXPECT_EQ(assigned.data(), data);
  EXPECT_EQ(assigned.shape(), (Shape{4, 3}));
}

TEST(Tensor, StartsOnACacheLine) {
  for (const Index size : {0, 1, 5, 64, 1000, 12345}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(Tensor({size}).data()) % 64, 0U) << size;
  }
}

TEST(Tensor, MayBeReleasedInAnotherThread) {
  std::vector<std::thread> threads;
  const Tensor tensor = counting({1000});
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([tensor] {
      for (int repeat = 0; repeat < 1000; ++repeat) {
        const Tensor copy = tensor.rows(10, 20);
        ASSERT_EQ(copy.values()[3], 13);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tensor.values()[999], 999);
}

}  // namespace
}  // namespace dpml
