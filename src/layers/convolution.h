#pragma once

// What the convolutions share: those of images, of sequences (images of height 1), and their transposes.

#include <optional>
#include <string>

#include "checks.h"
#include "dpml/autograd/patches.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/conv_transpose2d.h"
#include "dpml/random/rng.h"
#include "padding.h"

namespace dpml {

/// What is wrong with the sizes, the padding or the groups of Conv2d and ConvTranspose2d.
template <class Options>
std::optional<OptionProblem> image_sizes_problem(const Options& options) {
  const auto sizes = {Size{"in_channels", options.in_channels},
                      Size{"out_channels", options.out_channels},
                      Size{"kernel_height", options.kernel_height},
                      Size{"kernel_width", options.kernel_width},
                      Size{"stride_height", options.stride_height},
                      Size{"stride_width", options.stride_width},
                      Size{"dilation_height", options.dilation_height},
                      Size{"dilation_width", options.dilation_width},
                      Size{"groups", options.groups}};
  if (auto problem = first_not_positive(sizes)) return problem;
  const auto paddings = {Size{"padding_height", options.padding_height}, Size{"padding_width", options.padding_width}};
  if (auto problem = first_negative(paddings)) return problem;
  return groups_problem(options.groups, options.in_channels, options.out_channels);
}

/// The same of Conv1d and ConvTranspose1d.
template <class Options>
std::optional<OptionProblem> line_sizes_problem(const Options& options) {
  const auto sizes = {Size{"in_channels", options.in_channels}, Size{"out_channels", options.out_channels},
                      Size{"kernel", options.kernel},           Size{"stride", options.stride},
                      Size{"dilation", options.dilation},       Size{"groups", options.groups}};
  if (auto problem = first_not_positive(sizes)) return problem;
  if (auto problem = first_negative({{"padding", options.padding}})) return problem;
  return groups_problem(options.groups, options.in_channels, options.out_channels);
}

/// A kernel in memory order. As in PyTorch, its inputs are counted by all axes but the first, transposed or not.
Tensor initial_kernel(const Shape& shape, Rng& init);
/// The bias beside a kernel of this shape.
Tensor initial_bias(const Shape& kernel, Index out_channels, Rng& init);

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
