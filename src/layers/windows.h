#pragma once

#include <algorithm>

#include "dpml/autograd/patches.h"

namespace dpml {

/// Walks the windows of one image [H, W, C] in runs: calls run(output, input, count, place) for every run of `count`
/// neighbouring numbers of the result that see the numbers from `input` on at place ky * kernel_width + kx of their
/// windows. `output` and `input` are offsets into the result and the image. For each number of the result the places
/// come in rising order; those in the padding do not come. Dilation and groups of the geometry are 1.
template <class Run>
void visit_windows(const PatchGeometry& g, Run&& run) {
  const Index out_height = g.out_height();
  const Index out_width = g.out_width();
  const Index channels = g.in_channels;
  for (Index oy = 0; oy < out_height; ++oy) {
    for (Index ky = 0; ky < g.kernel_height; ++ky) {
      const Index y = oy * g.stride_height - g.padding_height + ky;
      if (y < 0 || y >= g.in_height) continue;
      for (Index kx = 0; kx < g.kernel_width; ++kx) {
        // ox * stride + shift must lie in [0, in_width).
        const Index shift = kx - g.padding_width;
        const Index first = shift >= 0 ? 0 : (-shift + g.stride_width - 1) / g.stride_width;
        const Index end = shift >= g.in_width ? 0 : (g.in_width - 1 - shift) / g.stride_width + 1;
        const Index pixels = std::min(end, out_width) - first;
        if (pixels <= 0) continue;
        Index output = (oy * out_width + first) * channels;
        Index input = (y * g.in_width + first * g.stride_width + shift) * channels;
        const Index place = ky * g.kernel_width + kx;
        if (g.stride_width == 1) {
          run(output, input, pixels * channels, place);
          continue;
        }
        for (Index i = 0; i < pixels; ++i, output += channels, input += g.stride_width * channels) {
          run(output, input, channels, place);
        }
      }
    }
  }
}

}  // namespace dpml
