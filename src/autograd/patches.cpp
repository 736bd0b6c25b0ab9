#include "dpml/autograd/patches.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

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

inline Index divided_up(Index a, Index b) {
  if (a <= 0) return 0;
  return b == 1 ? a : (a + b - 1) / b;  // a division takes as long as copying a row
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

/// The same row of neighbouring windows that lie between the left and the right edge of the image: window t + i begins
/// i * step numbers after `offset`. Nearly all windows come so, and need no arithmetic of their own.
struct InnerRows {
  Index t;
  Index ky;
  Index windows;
  Index offset;
  Index step;
  bool is_in_image;
};

/// Calls edge(WindowRow) or inner(InnerRows) for every row of every window; count is 0, or is_in_image false, for those
/// that do not touch the image.
template <class Edge, class Inner>
void visit_window_rows(const PatchGeometry& g, Edge&& edge, Inner&& inner) {
  const Index out_height = g.out_height();
  const Index out_width = g.out_width();
  const Index reach = g.dilation_width * (g.kernel_width - 1);
  const Index first_inside = std::min(out_width, divided_up(g.padding_width, g.stride_width));
  const Index room = g.in_width + g.padding_width - reach;  // a window inside begins below it, counted from the padding
  const Index last_inside = std::clamp(divided_up(room, g.stride_width), first_inside, out_width);
  for (Index oy = 0; oy < out_height; ++oy) {
    for (Index ky = 0; ky < g.kernel_height; ++ky) {
      const Index y = oy * g.stride_height - g.padding_height + ky * g.dilation_height;
      const bool is_in_image = y >= 0 && y < g.in_height;
      const auto at_edge = [&](Index ox) {
        const Index left = ox * g.stride_width - g.padding_width;
        const Index first = std::min(g.kernel_width, divided_up(-left, g.dilation_width));
        const Index last = std::clamp(divided_up(g.in_width - left, g.dilation_width), first, g.kernel_width);
        const Index offset = (y * g.in_width + left + first * g.dilation_width) * g.in_channels;
        edge(WindowRow{oy * out_width + ox, ky, first, is_in_image ? last - first : 0, offset});
      };
      for (Index ox = 0; ox < first_inside; ++ox) at_edge(ox);
      inner(InnerRows{oy * out_width + first_inside, ky, last_inside - first_inside,
                      (y * g.in_width + first_inside * g.stride_width - g.padding_width) * g.in_channels,
                      g.stride_width * g.in_channels, is_in_image});
      for (Index ox = last_inside; ox < out_width; ++ox) at_edge(ox);
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
  const Index distance = g.dilation_width * g.in_channels;  // of neighbouring kernel columns in the image
  const bool is_one_run = distance == channels;
  const float* source = image + group * channels;
  const auto copy_columns = [=](const float* from, Index count, float* to) {
    if (is_one_run) return copy_run(from, count * channels, to);
    for (Index kx = 0; kx < count; ++kx, from += distance, to += channels) copy_run(from, channels, to);
  };
  vectorised([&] {
    visit_window_rows(
        g,
        [&](const WindowRow& row) {
          float* to = patches + row.t * patch + row.ky * row_size;
          if (row.count < g.kernel_width) std::fill_n(to, row_size, 0.0F);
          copy_columns(source + row.offset, row.count, to + row.first * channels);
        },
        [&](const InnerRows& rows) {
          float* to = patches + rows.t * patch + rows.ky * row_size;
          const float* from = source + rows.offset;
          for (Index i = 0; i < rows.windows; ++i, from += rows.step, to += patch) {
            if (rows.is_in_image) {
              copy_columns(from, g.kernel_width, to);
            } else {
              std::fill_n(to, row_size, 0.0F);
            }
          }
        });
  });
}

void fold_add(const PatchGeometry& g, Index group, const float* patches, float* image) {
  const Index channels = g.group_channels();
  const Index row_size = g.kernel_width * channels;
  const Index patch = g.patch_size();
  const Index distance = g.dilation_width * g.in_channels;
  const bool is_one_run = distance == channels;
  float* target = image + group * channels;
  const auto add_columns = [=](const float* from, Index count, float* to) {
    if (is_one_run) {
      for (Index i = 0; i < count * channels; ++i) to[i] += from[i];
      return;
    }
    for (Index kx = 0; kx < count; ++kx, from += channels, to += distance) {
      for (Index c = 0; c < channels; ++c) to[c] += from[c];
    }
  };
  vectorised([&] {
    visit_window_rows(
        g,
        [&](const WindowRow& row) {
          if (row.count == 0) return;
          add_columns(patches + row.t * patch + row.ky * row_size + row.first * channels, row.count,
                      target + row.offset);
        },
        [&](const InnerRows& rows) {
          if (!rows.is_in_image) return;
          const float* from = patches + rows.t * patch + rows.ky * row_size;
          float* to = target + rows.offset;
          for (Index i = 0; i < rows.windows; ++i, from += patch, to += rows.step) {
            add_columns(from, g.kernel_width, to);
          }
        });
  });
}

}  // namespace dpml
