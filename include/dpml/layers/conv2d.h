#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/layers/padding_mode.h"
#include "dpml/random/rng.h"

namespace dpml {

/// Cross-correlation of images, channels last. With group g = o / (out/groups) and patch position (ky, kx):
/// y[b,oy,ox,o] = bias[o] + sum_{ky,kx,c} weight[o,ky,kx,c] *
///     x[b, oy*stride_height - padding_height + ky*dilation_height, ox*..., g*in/groups + c],
/// where x is continued beyond its borders as padding_mode says, with zeros by default.
///
///   x       [B, H, W, in]                   B >= 0
///   weight  [out, kh, kw, in/groups]        uniform in +-1/sqrt(kh*kw*in/groups) at construction;
///                                           [out, in/groups, kh, kw] in files
///   bias    [out]                           the same; absent when options.bias is false
///   result  [B, out height, out width, out] sizes as PatchGeometry has them; H and W with padding_same
///
/// Per-sample gradient: weight is a sum of outer products over the patches, bias is dense.
class Conv2d final : public Layer {
 public:
  struct Options {
    Index in_channels = 0;      ///< > 0
    Index out_channels = 0;     ///< > 0
    Index kernel_height = 1;    ///< > 0
    Index kernel_width = 1;     ///< > 0
    Index stride_height = 1;    ///< > 0
    Index stride_width = 1;     ///< > 0
    Index padding_height = 0;   ///< >= 0, rows added above and below
    Index padding_width = 0;    ///< >= 0, columns added left and right
    Index dilation_height = 1;  ///< > 0, distance of neighbouring kernel rows in the image
    Index dilation_width = 1;   ///< > 0
    Index groups = 1;  ///< > 0, divides in_channels and out_channels; in_channels of them: a depthwise convolution
    bool bias = true;
    /// Instead of the paddings, with strides of 1: so many that the result is as large as x, dilation (kernel - 1) in
    /// all, of which an odd one goes to the bottom or right.
    bool padding_same = false;
    PaddingMode padding_mode = PaddingMode::zeros;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "Conv2d");

  /// Throws ConfigError when an option is outside its range above.
  Conv2d(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, H, W, in_channels], its padded images are smaller than the kernel, or the
  /// padding mode does not give so much.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Conv2d"; }

 private:
  Options options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dpml
