#include "dpml/autograd/patches.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "dpml/base/error.h"

namespace dpml {

namespace {

Index out_length(Index in, Index padding, Index dilation, Index kernel, Index stride) {
  const Index room = in + 2 * padding - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

/// std::copy of few numbers, without the call into libc that gcc would make of it.
inline void copy_run(const float* from, Index count, float* to) {
  for (; count >= 8; count -= 8, from += 8, to += 8) std::memcpy(to, from, 8 * sizeof(float));
  for (; count > 0; --count) *to++ = *from++;
}

Index divided_up(Index a, Index b) {
  return a <= 0 ? 0 : (a + b - 1) / b;
}

/// One row of one window: `count` kernel columns from `first` on lie inside the image, the first of them `offset`
/// numbers from its start.
struct WindowRow {
  Index t;
  Index ky;
  Index first;
  Index count;
  Index offset;
};

/// Calls row(WindowRow) for every row of every window; count is 0 for those that do not touch the image. Windows that
/// lie between the left and the right edge, nearly all of them, need no arithmetic of their own.
template <class Row>
void visit_window_rows(const PatchGeometry& g, Row&& row) {
  const Index out_height = g.out_height();
  const Index out_width = g.out_width();
  const Index reach = g.dilation_width * (g.kernel_width - 1);
  const Index first_inside = std::min(out_width, divided_up(g.padding_width, g.stride_width));
  const Index room = g.in_width + g.padding_width - reach;  // a window inside begins below it, counted from the padding
  const Index last_inside = std::clamp(divided_up(room, g.stride_width), first_inside, out_width);
  const Index step = g.stride_width * g.in_channels;
  for (Index oy = 0; oy < out_height; ++oy) {
    for (Index ky = 0; ky < g.kernel_height; ++ky) {
      const Index y = oy * g.stride_height - g.padding_height + ky * g.dilation_height;
      const bool inside = y >= 0 && y < g.in_height;
      const auto edge = [&](Index ox) {
        const Index left = ox * g.stride_width - g.padding_width;
        const Index first = std::min(g.kernel_width, divided_up(-left, g.dilation_width));
        const Index last = std::clamp(divided_up(g.in_width - left, g.dilation_width), first, g.kernel_width);
        const Index offset = (y * g.in_width + left + first * g.dilation_width) * g.in_channels;
        row(WindowRow{oy * out_width + ox, ky, first, inside ? last - first : 0, offset});
      };
      for (Index ox = 0; ox < first_inside; ++ox) edge(ox);
      Index offset = (y * g.in_width + first_inside * g.stride_width - g.padding_width) * g.in_channels;
      for (Index ox = first_inside; ox < last_inside; ++ox, offset += step) {
        row(WindowRow{oy * out_width + ox, ky, 0, inside ? g.kernel_width : 0, offset});
      }
      for (Index ox = last_inside; ox < out_width; ++ox) edge(ox);
    }
  }
}

}  // namespace

Index PatchGeometry::out_height() const {
  return out_length(in_height, padding_height, dilation_height, kernel_height, stride_height);
}

Index PatchGeometry::out_width() const {
  return out_length(in_width, padding_width, dilation_width, kernel_width, stride_width);
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
  if (out_height() <= 0 || out_width() <= 0) {
    throw ShapeError(place + ": the window " + Shape{kernel_height, kernel_width}.to_text() + " (dilation " +
                     Shape{dilation_height, dilation_width}.to_text() + ") is larger than the padded image " +
                     Shape{in_height + 2 * padding_height, in_width + 2 * padding_width}.to_text());
  }
}

void unfold(const PatchGeometry& g, Index group, const float* image, float* patches) {
  const Index channels = g.group_channels();
  const Index row_size = g.kernel_width * channels;
  const Index patch = g.patch_size();
  const float* source = image + group * channels;
  const bool contiguous = g.groups == 1 && g.dilation_width == 1;
  visit_window_rows(g, [&](const WindowRow& row) {
    float* to = patches + row.t * patch + row.ky * row_size;
    if (row.count < g.kernel_width) std::fill_n(to, row_size, 0.0F);
    if (row.count == 0) return;
    to += row.first * channels;
    const float* from = source + row.offset;
    if (contiguous) {
      copy_run(from, row.count * channels, to);
      return;
    }
    for (Index kx = 0; kx < row.count; ++kx, from += g.dilation_width * g.in_channels, to += channels) {
      copy_run(from, channels, to);
    }
  });
}

void fold_add(const PatchGeometry& g, Index group, const float* patches, float* image) {
  const Index channels = g.group_channels();
  const Index row_size = g.kernel_width * channels;
  const Index patch = g.patch_size();
  float* target = image + group * channels;
  const bool contiguous = g.groups == 1 && g.dilation_width == 1;
  visit_window_rows(g, [&](const WindowRow& row) {
    if (row.count == 0) return;
    const float* from = patches + row.t * patch + row.ky * row_size + row.first * channels;
    float* to = target + row.offset;
    if (contiguous) {
      const Index count = row.count * channels;
      for (Index i = 0; i < count; ++i) to[i] += from[i];
      return;
    }
    for (Index kx = 0; kx < row.count; ++kx, from += channels, to += g.dilation_width * g.in_channels) {
      for (Index c = 0; c < channels; ++c) to[c] += from[c];
    }
  });
}

}  // namespace dpml
