#include "dpml/autograd/patches.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

Index out_length(Index in, Index padding, Index extra, Index dilation, Index kernel, Index stride) {
  Index reach = 0;  // of a window, beyond its first place
  if (__builtin_mul_overflow(dilation, kernel - 1, &reach)) return 0;
  const Index room = in + 2 * padding + extra - reach - 1;
  return room < 0 ? 0 : room / stride + 1;
}

template <int kCount>
inline void copy_some(const float* from, float* to) {
  std::memcpy(to, from, kCount * sizeof(float));
}

/// Copies few numbers, without the call into libc that gcc would make of it: the last piece may overlap the one before.
inline void copy_run(const float* from, Index count, float* to) {
  if (count >= 16) {
    for (Index i = 0; i + 16 <= count; i += 16) copy_some<16>(from + i, to + i);
    copy_some<16>(from + count - 16, to + count - 16);
  } else if (count >= 8) {
    copy_some<8>(from, to);
    copy_some<8>(from + count - 8, to + count - 8);
  } else if (count >= 4) {
    copy_some<4>(from, to);
    copy_some<4>(from + count - 4, to + count - 4);
  } else {
    for (Index i = 0; i < count; ++i) to[i] = from[i];
  }
}

/// One group of the channels of an image with its padding, [height, width, channels], in which every window lies
/// inside.
struct PaddedImage {
  Index height;
  Index width;
  Index seen_height;  // rows of the image that are part of it
  Index seen_width;
  Index channels;
  bool is_image;  // the image itself: no padding, one group

  explicit PaddedImage(const PatchGeometry& g)
      : height(g.in_height + 2 * g.padding_height + g.extra_height),
        width(g.in_width + 2 * g.padding_width + g.extra_width),
        seen_height(std::clamp<Index>(height - g.padding_height, 0, g.in_height)),
        seen_width(std::clamp<Index>(width - g.padding_width, 0, g.in_width)),
        channels(g.group_channels()),
        is_image(g.padding_height == 0 && g.padding_width == 0 && g.extra_height == 0 && g.extra_width == 0 &&
                 g.groups == 1) {}

  /// Numbers that it needs beside the image.
  Index room() const { return is_image ? 0 : height * width * channels; }
  Index line() const { return width * channels; }
};

/// Calls visit(place in the padded image, place in the patches, count) for every run of numbers that lie side by side
/// in both, in the order of the patches.
template <class Visit>
inline void visit_runs(const PatchGeometry& g, const PaddedImage& padded, Visit&& visit) {
  const bool is_whole = g.dilation_width == 1;
  const Index count = is_whole ? g.kernel_width * padded.channels : padded.channels;
  const Index runs = is_whole ? 1 : g.kernel_width;
  const Index out_height = g.out_height();
  const Index out_width = g.out_width();
  const Index kernel_height = g.kernel_height;
  const Index next_row = g.dilation_height * padded.line();
  const Index next_run = g.dilation_width * padded.channels;
  Index at = 0;
  for (Index oy = 0; oy < out_height; ++oy) {
    Index window = oy * g.stride_height * padded.line();
    for (Index ox = 0; ox < out_width; ++ox, window += g.stride_width * padded.channels) {
      Index row = window;
      for (Index ky = 0; ky < kernel_height; ++ky, row += next_row) {
        for (Index r = 0; r < runs; ++r, at += count) visit(row + r * next_run, at, count);
      }
    }
  }
}

/// Calls visit(place in the image, place in the padded image, count) for every run that lies side by side in both.
template <class Visit>
inline void visit_inside(const PatchGeometry& g, Index group, const PaddedImage& padded, Visit&& visit) {
  const bool is_whole = g.groups == 1;
  const Index count = is_whole ? padded.seen_width * padded.channels : padded.channels;
  const Index runs = is_whole ? 1 : padded.seen_width;
  for (Index y = 0; y < padded.seen_height; ++y) {
    const Index in_image = y * g.in_width * g.in_channels + group * padded.channels;
    const Index in_padded = ((y + g.padding_height) * padded.width + g.padding_width) * padded.channels;
    for (Index r = 0; r < runs; ++r) visit(in_image + r * g.in_channels, in_padded + r * padded.channels, count);
  }
}

}  // namespace

Index PatchGeometry::out_height() const {
  return out_length(in_height, padding_height, extra_height, dilation_height, kernel_height, stride_height);
}

Index PatchGeometry::out_width() const {
  return out_length(in_width, padding_width, extra_width, dilation_width, kernel_width, stride_width);
}

void PatchGeometry::validate(const std::string& place) const {
  const auto require_positive = [&](Index value, const char* name) {
    if (value <= 0) throw ShapeError(place + ": " + name + " is " + std::to_string(value) + ", expected 1 or more");
  };
  require_positive(in_channels, "the number of input channels");
  require_positive(kernel_height, "kernel height");
  require_positive(kernel_width, "kernel width");
  require_positive(stride_height, "stride height");
  require_positive(stride_width, "stride width");
  require_positive(dilation_height, "dilation height");
  require_positive(dilation_width, "dilation width");
  require_positive(groups, "the number of groups");
  if (padding_height < 0 || padding_width < 0) throw ShapeError(place + ": padding is negative, expected 0 or more");
  if (in_channels % groups != 0) {
    throw ShapeError(place + ": " + std::to_string(groups) + " groups do not divide " + std::to_string(in_channels) +
                     " input channels");
  }
  // Padding is written out in memory (PaddedImage). Beside it, sizes whose products pass 2^63 end here.
  constexpr double kMostPadded = 0x1p24;
  const auto length = [](Index in, Index padding, Index extra) {
    return static_cast<double>(in) + 2 * static_cast<double>(padding) + static_cast<double>(extra);
  };
  const auto channels = static_cast<double>(in_channels);
  // At least 1, so that an image without numbers does not hide a padding whose double cannot be counted.
  const double padded = std::max(1.0, length(in_height, padding_height, extra_height)) *
                        std::max(1.0, length(in_width, padding_width, extra_width)) * channels;
  if (padded > std::max(kMostPadded, 4 * length(in_height, 0, 0) * length(in_width, 0, 0) * channels)) {
    throw ShapeError(place + ": padding " + std::to_string(padding_height) + " x " + std::to_string(padding_width) +
                     " makes " + to_text(padded) + " numbers of the image " +
                     Shape{in_height, in_width, in_channels}.to_text() +
                     ", more than 2^24 and than four times the image; state less padding");
  }
  if (out_height() <= 0 || out_width() <= 0) {
    throw ShapeError(
        place + ": the window " + Shape{kernel_height, kernel_width}.to_text() + " (dilation " +
        Shape{dilation_height, dilation_width}.to_text() + ") is larger than the padded image " +
        Shape{in_height + 2 * padding_height + extra_height, in_width + 2 * padding_width + extra_width}.to_text() +
        "; state a smaller kernel, or more padding");
  }
}

void unfold(const PatchGeometry& g, Index group, const float* image, float* patches) {
  const PaddedImage padded(g);
  Tensor room = Tensor::zeros(Shape{padded.room()});
  float* filled = room.mutable_data();
  vectorised([&g, &padded, group, image, filled, patches] {
    if (!padded.is_image) {
      visit_inside(g, group, padded, [=](Index in_image, Index in_padded, Index count) {
        copy_run(image + in_image, count, filled + in_padded);
      });
    }
    const float* source = padded.is_image ? image : filled;
    visit_runs(g, padded, [=](Index from, Index to, Index count) { copy_run(source + from, count, patches + to); });
  });
}

void fold_add(const PatchGeometry& g, Index group, const float* patches, float* image) {
  const PaddedImage padded(g);
  Tensor room = Tensor::zeros(Shape{padded.room()});
  float* sums = padded.is_image ? image : room.mutable_data();
  vectorised([&g, &padded, group, patches, sums, image] {
    visit_runs(g, padded, [=](Index to, Index from, Index count) {
      for (Index i = 0; i < count; ++i) sums[to + i] += patches[from + i];
    });
    if (padded.is_image) return;
    visit_inside(g, group, padded, [=](Index in_image, Index in_padded, Index count) {
      for (Index i = 0; i < count; ++i) image[in_image + i] += sums[in_padded + i];
    });
  });
}

}  // namespace dpml
