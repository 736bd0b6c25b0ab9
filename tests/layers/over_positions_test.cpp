#include "dpml/layers/over_positions.h"

#include <cmath>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

template <class L>
void expect_conforms(const std::vector<Shape>& shapes) {
  const LayerMaker make = [](Rng&) { return std::make_unique<L>(); };
  for (const Shape& x : shapes) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

TEST(OverPositions, BehaveAsLayers) {
  const std::vector<Shape> shapes{{3, 5, 4}, {3, 2, 3, 4}, {3, 1, 4}, {3, 5, 0}, {0, 5, 4}};
  expect_conforms<SumOverPositions>(shapes);
  expect_conforms<MeanOverPositions>(shapes);
  expect_conforms<MaxOverPositions>(shapes);
  expect_conforms<SumOverPositions>({{3, 0, 4}});
  expect_conforms<MeanOverPositions>({{3, 0, 4}});
}

template <class L>
std::vector<float> result_of(const Shape& shape, const std::vector<float>& x) {
  const Tensor y = apply(L(), Tensor::from(shape, x));
  EXPECT_EQ(y.shape(), (Shape{shape[0], shape[-1]}));
  return {y.values().begin(), y.values().end()};
}

TEST(OverPositions, BringPositionsTogether) {
  const std::vector<float> x{1, 20, 4, -10, 3, 5, 0, 9};
  for (const Shape& shape : {Shape{1, 4, 2}, Shape{1, 2, 2, 2}}) {
    EXPECT_EQ(result_of<SumOverPositions>(shape, x), (std::vector<float>{8, 24}));
    EXPECT_EQ(result_of<MeanOverPositions>(shape, x), (std::vector<float>{2, 6}));
    EXPECT_EQ(result_of<MaxOverPositions>(shape, x), (std::vector<float>{4, 20}));
  }
  EXPECT_EQ(result_of<MeanOverPositions>({1, 0, 2}, {}), (std::vector<float>{0, 0}));
  const float nan = std::nanf("");
  EXPECT_TRUE(std::isnan(result_of<MaxOverPositions>({1, 3, 1}, {1, nan, 2})[0]));
  EXPECT_EQ(result_of<MaxOverPositions>({1, 1, 1}, {-INFINITY})[0], -INFINITY);
}

TEST(OverPositions, RefuseWhatHasNone) {
  EXPECT_EQ(message_of<ShapeError>([] {
              apply(MeanOverPositions(), Tensor::zeros({2, 3}));
            }),
            "MeanOverPositions: x is [B, 3], expected positions, [B, ..., C]");
  EXPECT_EQ(message_of<ShapeError>([] {
              apply(MaxOverPositions(), Tensor::zeros({2, 0, 3}));
            }),
            "MaxOverPositions: x is [B, 0, 3], without a position; expected one or more");
}

}  // namespace
}  // namespace dpml
