#pragma once

// What the convolutions share: those of images, of sequences (images of height 1), and their transposes.

#include <optional>
#include <string>

#include "dpml/autograd/patches.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/conv_transpose2d.h"
#include "padding.h"

namespace dpml {

/// The images that a convolution unfolds, and what is put around them before, where that is not zeros.
struct ConvolutionPlan {
  Shape images;            // [H, W, C] as they come
  Padding padding;         // done first, unless its mode is zeros
  PatchGeometry geometry;  // of the images after that

  bool pads_first() const { return padding.mode != PaddingMode::zeros; }
};

/// `image` is [H, W, in_channels]. Throws ShapeError, starting with `place`, when it does not fit.
ConvolutionPlan plan_of(const Conv2d::Options& options, const Shape& image, const std::string& place);

/// Records the convolution of x, whose samples are plan.images under another shape, as a value of samples of the shape
/// `result`.
Value convolve(Tape& tape, const std::string& place, const Value& x, const ConvolutionPlan& plan,
               const Parameter& weight, const std::optional<Parameter>& bias, const Shape& result);

/// The geometry of the convolution whose transpose a ConvTranspose2d is: its images are the results, and it has a
/// position for each pixel of `image`, [H, W, in_channels]. Throws ShapeError, starting with `place`, when nothing is
/// left of the result, and SizeError when it has more numbers than can be counted.
PatchGeometry transposed_geometry(const ConvTranspose2d::Options& options, const Shape& image,
                                  const std::string& place);

/// Records the transposed convolution of x as a value of samples of the shape `result`, an image or a sequence.
Value convolve_transposed(Tape& tape, const std::string& place, const Value& x, const PatchGeometry& geometry,
                          const Parameter& weight, const std::optional<Parameter>& bias, const Shape& result);

/// x [B, H, W, C] -> [B, out height, out width, out]. weight is [out, kh, kw, C / groups], bias [out] or nullptr.
Tensor convolved(const PatchGeometry& geometry, const Tensor& x, const Tensor& weight, const Parameter* bias,
                 Products by);

/// Its transpose: dy [B, ..., out] of as many positions as the geometry has -> [B, H, W, C].
Tensor convolved_back(const PatchGeometry& geometry, const Tensor& dy, const Tensor& weight, Products by);

}  // namespace dpml
