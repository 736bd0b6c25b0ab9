#include "dpml/layers/adaptive_pooling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

/// Calls see(output number, window's numbers row by row) for each window and channel of x [B, H, W, C].
template <class See>
void visit(const Tensor& x, Index height, Index width, See&& see) {
  const auto begin = [](Index i, Index n, Index length) {
    return static_cast<Index>(std::floor(static_cast<double>(i * length) / static_cast<double>(n)));
  };
  const auto end = [](Index i, Index n, Index length) {
    return static_cast<Index>(std::ceil(static_cast<double>((i + 1) * length) / static_cast<double>(n)));
  };
  Index output = 0;
  for (Index b = 0; b < x.axis(0); ++b) {
    for (Index oy = 0; oy < height; ++oy) {
      for (Index ox = 0; ox < width; ++ox) {
        for (Index c = 0; c < x.axis(3); ++c, ++output) {
          std::vector<float> window;
          for (Index y = begin(oy, height, x.axis(1)); y < end(oy, height, x.axis(1)); ++y) {
            for (Index xx = begin(ox, width, x.axis(2)); xx < end(ox, width, x.axis(2)); ++xx) {
              window.push_back(x.data()[((b * x.axis(1) + y) * x.axis(2) + xx) * x.axis(3) + c]);
            }
          }
          see(output, window);
        }
      }
    }
  }
}

const AdaptivePool2dOptions kSizes[] = {{1, 1}, {2, 3}, {5, 4}, {3, 1}, {7, 9}};

TEST(AdaptivePooling, BehavesAsALayer) {
  for (const AdaptivePool2dOptions& sizes : kSizes) {
    SCOPED_TRACE(sizes.output_height);
    for (const Shape& x : {Shape{3, 5, 4, 2}, Shape{0, 5, 4, 2}}) {
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AdaptiveAvgPool2d>(sizes); }, x));
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AdaptiveMaxPool2d>(sizes); }, x));
    }
    const AdaptivePool1dOptions size{.output_size = sizes.output_height};
    for (const Shape& x : {Shape{3, 5, 2}, Shape{3, 1, 3}, Shape{0, 5, 2}}) {
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AdaptiveAvgPool1d>(size); }, x));
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AdaptiveMaxPool1d>(size); }, x));
    }
  }
}

TEST(AdaptivePooling, IsTheMeanOrTheLargestOfEachWindow) {
  const Tensor x = random_tensor({3, 5, 4, 2});
  for (const AdaptivePool2dOptions& sizes : kSizes) {
    const Tensor mean = apply(AdaptiveAvgPool2d(sizes), x);
    const Tensor largest = apply(AdaptiveMaxPool2d(sizes), x);
    ASSERT_EQ(mean.shape(), (Shape{3, sizes.output_height, sizes.output_width, 2}));
    ASSERT_EQ(largest.shape(), mean.shape());
    visit(x, sizes.output_height, sizes.output_width, [&](Index output, const std::vector<float>& window) {
      double sum = 0;
      for (const float value : window) sum += value;
      EXPECT_NEAR(mean.data()[output], sum / static_cast<double>(window.size()), 1e-6);
      EXPECT_EQ(largest.data()[output], *std::max_element(window.begin(), window.end()));
    });
  }
}

TEST(AdaptivePooling, OfSequencesIsThatOfImagesOfHeightOne) {
  const Tensor x = random_tensor({3, 7, 2});
  const Tensor image = x.reshaped({3, 1, 7, 2});
  for (const Index size : {1, 3, 7, 10}) {
    EXPECT_TRUE(std::ranges::equal(apply(AdaptiveAvgPool1d({size}), x).values(),
                                   apply(AdaptiveAvgPool2d({1, size}), image).values()));
    EXPECT_TRUE(std::ranges::equal(apply(AdaptiveMaxPool1d({size}), x).values(),
                                   apply(AdaptiveMaxPool2d({1, size}), image).values()));
  }
}

TEST(AdaptivePooling, PassesNanOn) {
  Tensor x = random_tensor({1, 3, 3, 1});
  x.mutable_data()[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(apply(AdaptiveMaxPool2d({1, 1}), x).data()[0]));
  EXPECT_TRUE(std::isnan(apply(AdaptiveAvgPool2d({1, 1}), x).data()[0]));
}

TEST(AdaptivePooling, SaysWhatDoesNotFit) {
  EXPECT_EQ(message_of<ConfigError>([] { AdaptiveAvgPool2d({.output_height = 2}); }),
            "AdaptiveAvgPool2d: output_width is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([] { AdaptiveMaxPool1d({}); }),
            "AdaptiveMaxPool1d: output_size is 0, expected 1 or more");
  EXPECT_EQ(message_of<ShapeError>([] {
              AdaptiveMaxPool2d({1, 1}).output_shape({0, 3, 1});
            }),
            "AdaptiveMaxPool2d: x is [B, 0, 3, 1], expected [B, H, W, C] with H and W above 0");
  EXPECT_EQ(message_of<ShapeError>([] {
              AdaptiveAvgPool1d({1}).output_shape({0, 3});
            }),
            "AdaptiveAvgPool1d: x is [B, 0, 3], expected [B, T, C] with T above 0");
  EXPECT_EQ(message_of<ShapeError>([] {
              AdaptiveMaxPool2d({1, 1}).output_shape({5000, 5000, 1});
            }),
            "AdaptiveMaxPool2d: a window [5000, 5000] has more than 2^24 places; state smaller ones, one after the "
            "other");
}

}  // namespace
}  // namespace dpml
