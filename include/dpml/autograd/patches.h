#pragma once

#include <string>

#include "dpml/tensor/tensor.h"

namespace dpml {

/// Which input positions a two-dimensional window sees. Images are [H, W, C], channels last.
struct PatchGeometry {
  Index in_height = 0;
  Index in_width = 0;
  Index in_channels = 0;
  Index kernel_height = 1;
  Index kernel_width = 1;
  Index stride_height = 1;
  Index stride_width = 1;
  Index padding_height = 0;  ///< zeros added above and below
  Index padding_width = 0;   ///< zeros added left and right
  Index dilation_height = 1;
  Index dilation_width = 1;
  Index groups = 1;  ///< channels are cut into this many equal parts
  /// Zeros added below or right of the padding; negative: so many rows or columns there are out of sight.
  Index extra_height = 0;
  Index extra_width = 0;

  Index out_height() const;  ///< floor((H + 2 padding + extra - dilation (kernel - 1) - 1) / stride) + 1
  Index out_width() const;
  Index positions() const { return out_height() * out_width(); }  ///< T
  Index group_channels() const { return in_channels / groups; }
  Index patch_size() const { return kernel_height * kernel_width * group_channels(); }

  /// Throws ShapeError, starting with `place`, when a size is not positive, the groups do not divide the channels, the
  /// window is larger than the padded image, or that has more than 2^24 numbers and than four times the image.
  void validate(const std::string& place) const;
};

/// Writes the patches of one group of one image: patches[t, (ky, kx, c)], T rows of patch_size() numbers.
/// `image` is [H, W, C]; padding reads as zero.
void unfold(const PatchGeometry& geometry, Index group, const float* image, float* patches);

/// The transpose of unfold: adds every patch number to the place of `image` it came from.
void fold_add(const PatchGeometry& geometry, Index group, const float* patches, float* image);

}  // namespace dpml
