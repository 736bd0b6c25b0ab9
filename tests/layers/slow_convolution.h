#pragma once

// The slow twin of Conv2d, and of Conv1d on images of height 1.

#include "dpml/layers/conv2d.h"

namespace dpml {

/// Of `length` places, the one that is seen at place i; -1 for a zero.
inline Index seen(PaddingMode mode, Index i, Index length) {
  if (i >= 0 && i < length) return i;
  if (mode == PaddingMode::zeros) return -1;
  if (mode == PaddingMode::replicate) return i < 0 ? 0 : length - 1;
  if (mode == PaddingMode::circular) return (i + length) % length;
  return i < 0 ? -i : 2 * length - 2 - i;
}

/// The definition in the header of Conv2d, one output number at a time, in double. The weight is in the order of files.
inline Tensor slow_convolution(const Conv2d::Options& o, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Index height = x.axis(1);
  const Index width = x.axis(2);
  const Index lost_height = o.dilation_height * (o.kernel_height - 1);
  const Index lost_width = o.dilation_width * (o.kernel_width - 1);
  const Index top = o.padding_same ? lost_height / 2 : o.padding_height;
  const Index left = o.padding_same ? lost_width / 2 : o.padding_width;
  const Index out_height = o.padding_same ? height : (height + 2 * top - lost_height - 1) / o.stride_height + 1;
  const Index out_width = o.padding_same ? width : (width + 2 * left - lost_width - 1) / o.stride_width + 1;
  const Index group_in = o.in_channels / o.groups;
  const Index group_out = o.out_channels / o.groups;
  Tensor y(Shape{x.axis(0), out_height, out_width, o.out_channels});
  float* to = y.mutable_data();
  for (Index b = 0; b < x.axis(0); ++b) {
    for (Index oy = 0; oy < out_height; ++oy) {
      for (Index ox = 0; ox < out_width; ++ox) {
        for (Index out = 0; out < o.out_channels; ++out) {
          double sum = o.bias ? bias.data()[out] : 0;
          for (Index ky = 0; ky < o.kernel_height; ++ky) {
            for (Index kx = 0; kx < o.kernel_width; ++kx) {
              const Index iy = seen(o.padding_mode, oy * o.stride_height - top + ky * o.dilation_height, height);
              const Index ix = seen(o.padding_mode, ox * o.stride_width - left + kx * o.dilation_width, width);
              if (iy < 0 || ix < 0) continue;
              for (Index c = 0; c < group_in; ++c) {
                const Index in = out / group_out * group_in + c;
                const float pixel = x.data()[((b * height + iy) * width + ix) * o.in_channels + in];
                // As files have it: [out, in/groups, kh, kw].
                const float number = weight.data()[((out * group_in + c) * o.kernel_height + ky) * o.kernel_width + kx];
                sum += static_cast<double>(pixel) * number;
              }
            }
          }
          *to++ = static_cast<float>(sum);
        }
      }
    }
  }
  return y;
}

}  // namespace dpml
