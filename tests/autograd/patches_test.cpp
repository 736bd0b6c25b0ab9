#include "dpml/autograd/patches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/random_tensor.h"
#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

std::string describe(const PatchGeometry& g) {
  return "image " + Shape{g.in_height, g.in_width, g.in_channels}.to_text() + ", kernel " +
         Shape{g.kernel_height, g.kernel_width}.to_text() + ", stride " +
         Shape{g.stride_height, g.stride_width}.to_text() + ", padding " +
         Shape{g.padding_height, g.padding_width}.to_text() + ", dilation " +
         Shape{g.dilation_height, g.dilation_width}.to_text() + ", groups " + std::to_string(g.groups) + ", extra " +
         std::to_string(g.extra_height) + " x " + std::to_string(g.extra_width);
}

/// Every combination of small sizes in which the window fits.
std::vector<PatchGeometry> geometries() {
  std::vector<PatchGeometry> all;
  for (const Index kernel_width : {1, 2, 3}) {
    for (const Index stride : {1, 2, 3}) {
      for (const Index padding : {0, 1, 3}) {
        for (const Index dilation : {1, 2}) {
          for (const Index groups : {1, 2, 6}) {
            const PatchGeometry g{.in_height = 5,
                                  .in_width = 4,
                                  .in_channels = 6,
                                  .kernel_height = 2,
                                  .kernel_width = kernel_width,
                                  .stride_height = 2,
                                  .stride_width = stride,
                                  .padding_height = 1,
                                  .padding_width = padding,
                                  .dilation_height = 3 - dilation,
                                  .dilation_width = dilation,
                                  .groups = groups};
            if (dilation * (kernel_width - 1) < g.in_width + 2 * padding) all.push_back(g);
          }
        }
      }
    }
  }
  // More below and on the right, or less.
  for (const Index extra : {-3, -2, -1, 1, 2}) {
    for (const Index padding : {0, 1, 4}) {
      for (const Index groups : {1, 2}) {
        all.push_back({.in_height = 5,
                       .in_width = 4,
                       .in_channels = 4,
                       .kernel_height = 1,
                       .kernel_width = 2,
                       .stride_height = 1,
                       .stride_width = 3,
                       .padding_height = padding,
                       .padding_width = 1,
                       .groups = groups,
                       .extra_height = 2 - extra,
                       .extra_width = extra});
      }
    }
  }
  all.push_back({.in_height = 2, .in_width = 2, .in_channels = 1, .padding_height = 3, .extra_height = -7});
  // Long runs of channels, a kernel larger than the image, a single pixel, no image at all.
  all.push_back({.in_height = 3,
                 .in_width = 3,
                 .in_channels = 37,
                 .kernel_height = 3,
                 .kernel_width = 3,
                 .padding_height = 1,
                 .padding_width = 1});
  all.push_back({.in_height = 2,
                 .in_width = 2,
                 .in_channels = 1,
                 .kernel_height = 5,
                 .kernel_width = 5,
                 .padding_height = 2,
                 .padding_width = 3});
  all.push_back({.in_height = 1, .in_width = 1, .in_channels = 1});
  all.push_back({.in_height = 0, .in_width = 3, .in_channels = 2, .padding_height = 1});
  return all;
}

/// Calls visit(t, place in the patch, place in the image or -1 for padding), from the definition.
template <class Visit>
void visit_plainly(const PatchGeometry& g, Index group, Visit&& visit) {
  for (Index oy = 0; oy < g.out_height(); ++oy) {
    for (Index ox = 0; ox < g.out_width(); ++ox) {
      for (Index ky = 0; ky < g.kernel_height; ++ky) {
        for (Index kx = 0; kx < g.kernel_width; ++kx) {
          for (Index c = 0; c < g.group_channels(); ++c) {
            const Index y = oy * g.stride_height - g.padding_height + ky * g.dilation_height;
            const Index x = ox * g.stride_width - g.padding_width + kx * g.dilation_width;
            const bool inside = y >= 0 && y < g.in_height && x >= 0 && x < g.in_width;
            const Index image = (y * g.in_width + x) * g.in_channels + group * g.group_channels() + c;
            visit(oy * g.out_width() + ox, (ky * g.kernel_width + kx) * g.group_channels() + c, inside ? image : -1);
          }
        }
      }
    }
  }
}

TEST(Unfold, WritesEveryPatchAsAPlainLoopDoes) {
  for (const PatchGeometry& g : geometries()) {
    g.validate("test");
    const Tensor image = random_tensor(Shape{g.in_height, g.in_width, g.in_channels}, 1);
    for (Index group = 0; group < g.groups; ++group) {
      std::vector<float> expected(static_cast<std::size_t>(g.positions() * g.patch_size()));
      visit_plainly(g, group, [&](Index t, Index place, Index source) {
        expected[static_cast<std::size_t>(t * g.patch_size() + place)] = source < 0 ? 0 : image.data()[source];
      });
      std::vector<float> patches(expected.size(), 99.0F);  // what is there already must not matter
      unfold(g, group, image.data(), patches.data());
      EXPECT_EQ(patches, expected) << describe(g) << ", group " << group;
    }
  }
}

TEST(FoldAdd, AddsEveryPatchNumberToWhereItCameFrom) {
  for (const PatchGeometry& g : geometries()) {
    const Tensor before = random_tensor(Shape{g.in_height, g.in_width, g.in_channels}, 2);
    for (Index group = 0; group < g.groups; ++group) {
      // Small whole numbers, so that sums are exact in any order.
      const Tensor patches = random_indices(Shape{g.positions(), g.patch_size()}, 100, 3);
      Tensor image(before.shape());
      for (Index i = 0; i < image.size(); ++i) image.mutable_data()[i] = std::round(before.data()[i]);
      Tensor expected = image.clone();
      visit_plainly(g, group, [&](Index t, Index place, Index target) {
        if (target >= 0) expected.mutable_data()[target] += patches.data()[t * g.patch_size() + place];
      });
      fold_add(g, group, patches.data(), image.mutable_data());
      EXPECT_TRUE(std::ranges::equal(image.values(), expected.values())) << describe(g) << ", group " << group;
    }
  }
}

// Two of them have few windows, which jump over most of the padding; their padded sizes pass 2^63.
TEST(PatchGeometry, RefusesAPaddingThatIsLargerThanAnyImage) {
  for (const Index padding : {Index{3000}, (Index{1} << 31) - 1, Index{1} << 61}) {
    PatchGeometry g{.in_height = 28, .in_width = 28, .in_channels = 1};
    g.padding_height = g.padding_width = padding;
    g.stride_height = g.stride_width = padding;
    expect_error<ShapeError>("state less padding", [&] { g.validate("Conv2d"); });
  }
  const PatchGeometry empty{.in_height = 5, .in_width = 0, .in_channels = 1, .padding_height = Index{1} << 62};
  expect_error<ShapeError>("state less padding", [&] { empty.validate("Conv2d"); });
  PatchGeometry large{.in_height = 4096, .in_width = 4096, .in_channels = 3};
  large.padding_height = large.padding_width = 100;
  EXPECT_NO_THROW(large.validate("Conv2d"));
}

TEST(PatchGeometry, CountsOutputPositionsAsTheFormulaDoes) {
  const PatchGeometry g{.in_height = 10,
                        .in_width = 11,
                        .in_channels = 6,
                        .kernel_height = 3,
                        .kernel_width = 2,
                        .stride_height = 2,
                        .stride_width = 3,
                        .padding_height = 1,
                        .padding_width = 0,
                        .dilation_height = 2,
                        .dilation_width = 4,
                        .groups = 3};
  EXPECT_EQ(g.out_height(), 4);  // floor((10 + 2 - 4 - 1) / 2) + 1
  EXPECT_EQ(g.out_width(), 3);   // floor((11 - 4 - 1) / 3) + 1
  EXPECT_EQ(g.positions(), 12);
  EXPECT_EQ(g.group_channels(), 2);
  EXPECT_EQ(g.patch_size(), 12);
  PatchGeometry more = g;
  more.extra_height = 1;
  more.extra_width = -1;
  EXPECT_EQ(more.out_height(), 5);  // floor((10 + 2 + 1 - 4 - 1) / 2) + 1
  EXPECT_EQ(more.out_width(), 2);   // floor((11 - 1 - 4 - 1) / 3) + 1
}

TEST(PatchGeometry, CountsNoOverflow) {
  PatchGeometry g{.in_height = 4, .in_width = 4, .in_channels = 1};
  g.kernel_width = g.dilation_width = Index{1} << 40;
  expect_error<ShapeError>("is larger than the padded image", [&] { g.validate("Conv2d"); });
  g.kernel_width = g.dilation_width = 1;
  g.extra_width = Index{1} << 60;
  expect_error<ShapeError>("state less padding", [&] { g.validate("Conv2d"); });
}

TEST(PatchGeometry, RefusesWhatCannotBe) {
  const PatchGeometry good{.in_height = 4, .in_width = 4, .in_channels = 4, .kernel_height = 3, .kernel_width = 3};
  const auto message = [&](auto&& change) -> std::string {
    PatchGeometry g = good;
    change(g);
    try {
      g.validate("Conv2d \"c\"");
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message([](PatchGeometry&) {}), "accepted");
  EXPECT_EQ(message([](PatchGeometry& g) { g.stride_width = 0; }),
            "Conv2d \"c\": stride width is 0, expected 1 or more");
  EXPECT_EQ(message([](PatchGeometry& g) { g.kernel_height = -1; }),
            "Conv2d \"c\": kernel height is -1, expected 1 or more");
  EXPECT_EQ(message([](PatchGeometry& g) { g.groups = 3; }), "Conv2d \"c\": 3 groups do not divide 4 input channels");
  EXPECT_EQ(message([](PatchGeometry& g) { g.padding_height = -1; }),
            "Conv2d \"c\": padding is negative, expected 0 or more");
  EXPECT_EQ(message([](PatchGeometry& g) { g.dilation_height = 2; }),
            "Conv2d \"c\": the window [3, 3] (dilation [2, 1]) is larger than the padded image [4, 4]; state a smaller "
            "kernel, or more "
            "padding");
}

}  // namespace
}  // namespace dpml
