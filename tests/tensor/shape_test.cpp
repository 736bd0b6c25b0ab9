#include "dpml/tensor/shape.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

TEST(Shape, KnowsItsAxesAndSize) {
  const Shape shape{5, 3, 2};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape.size(), 30);
  EXPECT_EQ(shape[0], 5);
  EXPECT_EQ(shape[-1], 2);
  EXPECT_EQ(shape[-3], 5);
  EXPECT_EQ(shape.to_text(), "[5, 3, 2]");
}

TEST(Shape, OfRankZeroHoldsOneNumber) {
  EXPECT_EQ(Shape().rank(), 0);
  EXPECT_EQ(Shape().size(), 1);
  EXPECT_EQ(Shape().to_text(), "[]");
}

TEST(Shape, MayHaveAZeroAxisAnywhere) {
  EXPECT_EQ((Shape{0, 3}).size(), 0);
  EXPECT_EQ((Shape{4, 0, 3}).size(), 0);
  EXPECT_EQ((Shape{4, 3, 0}).size(), 0);
}

TEST(Shape, GainsLosesAndReplacesAxes) {
  const Shape shape{5, 3};
  EXPECT_EQ(shape.with_front(2), (Shape{2, 5, 3}));
  EXPECT_EQ(shape.with_back(2), (Shape{5, 3, 2}));
  EXPECT_EQ(shape.without_front(), Shape{3});
  EXPECT_EQ(shape.without_back(), Shape{5});
  EXPECT_EQ(shape.with_axis(0, 7), (Shape{7, 3}));
  EXPECT_EQ(shape.with_axis(-1, 0), (Shape{5, 0}));
  EXPECT_EQ(shape, (Shape{5, 3})) << "the original is untouched";
}

TEST(Shape, EqualsOnlyTheSameAxes) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
  EXPECT_NE((Shape{6}), (Shape{2, 3}));
  EXPECT_NE((Shape{2, 3}), (Shape{2, 3, 1}));
  EXPECT_EQ((Shape{2, 3, 9}.without_back()), (Shape{2, 3})) << "axes that were cut off do not count";
}

TEST(Shape, RefusesWhatIsNoShape) {
  expect_error<ShapeError>("axis 1 has length -1; expected 0 or more", [] { Shape({2, -1}); });
  expect_error<ShapeError>("at most 8 axes, asked for 9", [] { Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}); });
  const Index large = Index{1} << 40;
  expect_error<SizeError>("more than 2^63", [&] { Shape({large, large}); });
  expect_error<SizeError>("more than 2^63", [&] { Shape({large, 0, large}); });
}

TEST(Shape, RefusesToGrowBeyondEightAxesAndToShrinkBelowNone) {
  const Shape eight{1, 2, 1, 2, 1, 2, 1, 2};
  expect_error<ShapeError>("at most 8 axes", [&] { eight.with_front(3); });
  expect_error<ShapeError>("at most 8 axes", [&] { eight.with_back(3); });
  expect_error<ShapeError>("no first axis", [] { Shape().without_front(); });
  expect_error<ShapeError>("no last axis", [] { Shape().without_back(); });
}

TEST(Shape, NamesTheAxisThatIsNotThere) {
  expect_error<ShapeError>("shape [5, 3] has no axis 2", [] { (Shape{5, 3})[2]; });
  expect_error<ShapeError>("shape [5, 3] has no axis -3", [] { (Shape{5, 3})[-3]; });
  expect_error<ShapeError>("shape [] has no axis 0", [] { Shape()[0]; });
  expect_error<ShapeError>("shape [5, 3] has no axis 2", [] { (Shape{5, 3}).with_axis(2, 1); });
}

}  // namespace
}  // namespace dpml
