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

/// Positions of the window along one axis that lie inside the image: [first, last) of `kernel`.
struct Inside {
  Index first;
  Index last;
};

Inside inside(Index start, Index length, Index kernel, Index dilation) {
  Index first = 0;
  while (first < kernel && start + first * dilation < 0) ++first;
  Index last = kernel;
  while (last > first && start + (last - 1) * dilation >= length) --last;
  return {first, last};
}

/// Calls row(t, ky, image offset of kx = first, kx range) for every window row that touches the image, and
/// empty(t, ky) for those that do not.
template <class Row, class Empty>
void visit_window_rows(const PatchGeometry& g, Row&& row, Empty&& empty) {
  const Index out_height = g.out_height();
  const Index out_width = g.out_width();
  for (Index oy = 0; oy < out_height; ++oy) {
    const Index top = oy * g.stride_height - g.padding_height;
    for (Index ox = 0; ox < out_width; ++ox) {
      const Index left = ox * g.stride_width - g.padding_width;
      const Inside columns = inside(left, g.in_width, g.kernel_width, g.dilation_width);
      const Index t = oy * out_width + ox;
      for (Index ky = 0; ky < g.kernel_height; ++ky) {
        const Index y = top + ky * g.dilation_height;
        if (y < 0 || y >= g.in_height || columns.first >= columns.last) {
          empty(t, ky);
        } else {
          row(t, ky, (y * g.in_width + left + columns.first * g.dilation_width) * g.in_channels, columns);
        }
      }
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
  visit_window_rows(
      g,
      [&](Index t, Index ky, Index offset, Inside columns) {
        float* to = patches + t * patch + ky * row_size;
        if (columns.first > 0) std::fill_n(to, columns.first * channels, 0.0F);
        const float* from = source + offset;
        if (contiguous) {
          copy_run(from, (columns.last - columns.first) * channels, to + columns.first * channels);
        } else {
          for (Index kx = columns.first; kx < columns.last; ++kx, from += g.dilation_width * g.in_channels) {
            copy_run(from, channels, to + kx * channels);
          }
        }
        if (columns.last < g.kernel_width) {
          std::fill_n(to + columns.last * channels, (g.kernel_width - columns.last) * channels, 0.0F);
        }
      },
      [&](Index t, Index ky) { std::fill_n(patches + t * patch + ky * row_size, row_size, 0.0F); });
}

void fold_add(const PatchGeometry& g, Index group, const float* patches, float* image) {
  const Index channels = g.group_channels();
  const Index row_size = g.kernel_width * channels;
  const Index patch = g.patch_size();
  float* target = image + group * channels;
  const bool contiguous = g.groups == 1 && g.dilation_width == 1;
  visit_window_rows(
      g,
      [&](Index t, Index ky, Index offset, Inside columns) {
        const float* from = patches + t * patch + ky * row_size + columns.first * channels;
        float* to = target + offset;
        if (contiguous) {
          const Index count = (columns.last - columns.first) * channels;
          for (Index i = 0; i < count; ++i) to[i] += from[i];
        } else {
          for (Index kx = columns.first; kx < columns.last; ++kx) {
            for (Index c = 0; c < channels; ++c) to[c] += from[c];
            from += channels;
            to += g.dilation_width * g.in_channels;
          }
        }
      },
      [](Index, Index) {});
}

}  // namespace dpml
