#include "dpml/autograd/parameter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/random_tensor.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

bool same_numbers(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.values(), b.values());
}

TEST(Parameter, HoldsACopyOfItsInitialValue) {
  Tensor initial = Tensor::filled(Shape{2, 3}, 5);
  const Parameter parameter("weight", initial);
  initial.mutable_data()[0] = 7;
  EXPECT_TRUE(same_numbers(parameter.tensor(), Tensor::filled(Shape{2, 3}, 5)));
  EXPECT_EQ(parameter.name(), "weight");
  EXPECT_EQ(parameter.size(), 6);
  EXPECT_TRUE(parameter.trainable());
}

TEST(Parameter, SetCopiesNumbersAndRefusesAnotherShape) {
  Parameter parameter("weight", Tensor::zeros(Shape{2, 3}));
  Tensor value = random_tensor(Shape{2, 3}, 1);
  const Tensor kept = value.clone();
  parameter.set(value);
  value.mutable_data()[0] += 1;
  EXPECT_TRUE(same_numbers(parameter.tensor(), kept));
  try {
    parameter.set(Tensor::zeros(Shape{3, 2}));
    FAIL() << "another shape was taken";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "parameter \"weight\" has shape [2, 3], got [3, 2]");
  }
  EXPECT_TRUE(same_numbers(parameter.tensor(), kept));
}

TEST(Parameter, KeepsZeros) {
  Parameter parameter("weight", Tensor::filled(Shape{2, 2}, 5));
  parameter.keep_zero(1, 3);
  const Tensor expected = Tensor::from({2, 2}, std::vector<float>{5, 0, 0, 5});
  EXPECT_TRUE(same_numbers(parameter.tensor(), expected));
  parameter.set(Tensor::filled(Shape{2, 2}, 5));
  EXPECT_TRUE(same_numbers(parameter.tensor(), expected));
  parameter.mutable_data()[2] = 7;
  parameter.restore_zeros();
  EXPECT_TRUE(same_numbers(parameter.tensor(), expected));
}

TEST(Parameter, IsTheSameInFilesUnlessItIsAKernel) {
  Parameter parameter("weight", Tensor::zeros(Shape{2, 3}));
  const Tensor value = random_tensor(Shape{2, 3}, 2);
  parameter.set_from_file_order(value);
  EXPECT_TRUE(same_numbers(parameter.tensor(), value));
  EXPECT_TRUE(same_numbers(parameter.in_file_order(), value));
}

TEST(Parameter, KernelsLieChannelsLastInMemoryAndChannelsSecondInFiles) {
  const Index out = 2, height = 3, width = 4, channels = 5;
  Parameter kernel("weight", Tensor::zeros(Shape{out, height, width, channels}), WeightOrder::channels_last_kernel);
  const Tensor file = random_tensor(Shape{out, channels, height, width}, 3);
  kernel.set_from_file_order(file);
  for (Index o = 0; o < out; ++o) {
    for (Index y = 0; y < height; ++y) {
      for (Index x = 0; x < width; ++x) {
        for (Index c = 0; c < channels; ++c) {
          EXPECT_EQ(kernel.tensor().data()[((o * height + y) * width + x) * channels + c],
                    file.data()[((o * channels + c) * height + y) * width + x]);
        }
      }
    }
  }
  EXPECT_TRUE(same_numbers(kernel.in_file_order(), file));
}

TEST(Parameter, KernelsOfSequencesHaveNoHeightInFiles) {
  const Index out = 2, width = 4, channels = 5;
  Parameter kernel("weight", Tensor::zeros(Shape{out, 1, width, channels}), WeightOrder::channels_last_line);
  const Tensor file = random_tensor(Shape{out, channels, width}, 3);
  kernel.set_from_file_order(file);
  for (Index o = 0; o < out; ++o) {
    for (Index x = 0; x < width; ++x) {
      for (Index c = 0; c < channels; ++c) {
        EXPECT_EQ(kernel.tensor().data()[(o * width + x) * channels + c], file.data()[(o * channels + c) * width + x]);
      }
    }
  }
  EXPECT_EQ(kernel.in_file_order().shape(), file.shape());
  EXPECT_TRUE(same_numbers(kernel.in_file_order(), file));
}

TEST(Parameter, NamesBothShapesWhenAFileDoesNotFit) {
  Parameter kernel("weight", Tensor::zeros(Shape{2, 3, 4, 5}), WeightOrder::channels_last_kernel);
  try {
    kernel.set_from_file_order(Tensor::zeros(Shape{2, 3, 4, 5}));
    FAIL() << "a kernel in memory order was taken for one in file order";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "parameter \"weight\" has shape [2, 5, 3, 4] in files, got [2, 3, 4, 5]");
  }
}

TEST(Parameter, KernelsWithoutNumbersKeepTheirShape) {
  const Parameter kernel("weight", Tensor::zeros(Shape{2, 3, 4, 0}), WeightOrder::channels_last_kernel);
  EXPECT_EQ(kernel.in_file_order().shape(), (Shape{2, 0, 3, 4}));
}

}  // namespace
}  // namespace dpml
