#include "dpml/layers/rearrange.h"

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

template <class L>
LayerMaker of(const typename L::Options& options) {
  return [options](Rng&) { return std::make_unique<L>(options); };
}

std::vector<float> numbers(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

/// 0, 1, 2, ...
Tensor counting(const Shape& shape) {
  Tensor x(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(i);
  return x;
}

TEST(Reshape, BehavesAsALayer) {
  EXPECT_NO_THROW(expect_layer_conforms(of<Reshape>({.shape = {3, -1}}), {3, 2, 6}));
  EXPECT_NO_THROW(expect_layer_conforms(of<Reshape>({.shape = {12}}), {3, 2, 6}));
  EXPECT_NO_THROW(expect_layer_conforms(of<Reshape>({.shape = {}}), {3, 1}));
}

TEST(Reshape, KeepsNumbersInPlaceAndFindsTheOpenAxis) {
  const Reshape layer({.shape = {3, -1}});
  const Tensor y = apply(layer, counting({2, 2, 6}));
  EXPECT_EQ(y.shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(numbers(y), numbers(counting({24})));
  EXPECT_EQ(message_of<ShapeError>([&] {
              layer.output_shape({2, 4});
            }),
            "Reshape: a sample [2, 4] has 8 numbers, which do not fill the shape; expected as many");
  EXPECT_THROW(Reshape({.shape = {-1, -1}}), ConfigError);
  EXPECT_THROW(Reshape({.shape = {0}}), ConfigError);
  EXPECT_THROW(Reshape({.shape = {-2}}), ConfigError);
}

TEST(Permute, BehavesAsALayer) {
  EXPECT_NO_THROW(expect_layer_conforms(of<Permute>({.axes = {1}}), {3, 4}));
  EXPECT_NO_THROW(expect_layer_conforms(of<Permute>({.axes = {2, 1}}), {3, 2, 5}));
  EXPECT_NO_THROW(expect_layer_conforms(of<Permute>({.axes = {3, 1, 2}}), {3, 2, 5, 4}));
  EXPECT_NO_THROW(expect_layer_conforms(of<Permute>({.axes = {3, 1, 2}}), {3, 2, 0, 4}));
}

TEST(Permute, PutsAxisAxesIInPlaceI) {
  const Permute layer({.axes = {3, 1, 2}});
  const Tensor x = counting({2, 2, 3, 4});
  const Tensor y = apply(layer, x);
  ASSERT_EQ(y.shape(), (Shape{2, 4, 2, 3}));
  for (Index b = 0; b < 2; ++b) {
    for (Index i = 0; i < 2; ++i) {
      for (Index j = 0; j < 3; ++j) {
        for (Index k = 0; k < 4; ++k) {
          EXPECT_EQ(y.data()[((b * 4 + k) * 2 + i) * 3 + j], x.data()[((b * 2 + i) * 3 + j) * 4 + k]);
        }
      }
    }
  }
  EXPECT_EQ(message_of<ShapeError>([&] {
              layer.output_shape({2, 3});
            }),
            "Permute: orders 3 axes, but a sample is [2, 3]");
  for (const std::vector<Index>& axes : {std::vector<Index>{}, {0, 1}, {1, 1}, {1, 3}}) {
    EXPECT_THROW(Permute({.axes = axes}), ConfigError);
  }
}

TEST(Slice, BehavesAsALayer) {
  EXPECT_NO_THROW(expect_layer_conforms(of<Slice>({.axis = 1, .begin = 1, .end = 3}), {3, 4, 2}));
  EXPECT_NO_THROW(expect_layer_conforms(of<Slice>({.begin = -1}), {3, 4, 2}));
}

TEST(Slice, TakesPlacesAsPythonDoes) {
  const Tensor x = counting({1, 5});
  const auto sliced = [&](const Slice::Options& options) { return numbers(apply(Slice(options), x)); };
  EXPECT_EQ(sliced({}), (std::vector<float>{0, 1, 2, 3, 4}));
  EXPECT_EQ(sliced({.axis = 1, .begin = 1, .end = 3}), (std::vector<float>{1, 2}));
  EXPECT_EQ(sliced({.begin = -2}), (std::vector<float>{3, 4}));
  EXPECT_EQ(sliced({.begin = 1, .end = -1}), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(message_of<ShapeError>([&] { Slice({.begin = 2, .end = 6}).output_shape({5}); }),
            "Slice: takes places 2 to 6, the last one excluded, of 5 of axis 1 of [B, 5]; expected one or more, all of "
            "them there");
  EXPECT_THROW(Slice({.begin = -6}).output_shape({5}), ShapeError);
  EXPECT_THROW(Slice({.begin = 5}).output_shape({5}), ShapeError);
  EXPECT_THROW(Slice({.axis = 2}).output_shape({5}), ShapeError);
  EXPECT_THROW(Slice({.axis = 0}), ConfigError);
  EXPECT_THROW(Slice({.begin = 2, .end = 2}), ConfigError);
}

}  // namespace
}  // namespace dpml
