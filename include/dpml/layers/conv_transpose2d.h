#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// The transpose of Conv2d: each pixel of x adds its multiple of the kernel to the result, strides apart. With group
/// g = i / (in/groups): y[b, iy*stride_height - padding_height + ky*dilation_height, ix*..., g*out/groups + c] is
/// bias[g*out/groups + c] plus the sum over all i, iy, ix, ky, kx that lead there of
/// x[b,iy,ix,i] * weight[i,ky,kx,c].
///
///   x       [B, H, W, in]              B >= 0, H and W above 0
///   weight  [in, kh, kw, out/groups]   uniform in +-1/sqrt(kh*kw*out/groups) at construction;
///                                      [in, out/groups, kh, kw] in files
///   bias    [out]                      the same; absent when options.bias is false
///   result  [B, H', W', out]           H' = (H - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1
///
/// Per-sample gradient: weight is a sum of outer products over the pixels of x, with the patches of the result's
/// gradient; bias is dense.
class ConvTranspose2d final : public Layer {
 public:
  struct Options {
    Index in_channels = 0;            ///< > 0
    Index out_channels = 0;           ///< > 0
    Index kernel_height = 1;          ///< > 0
    Index kernel_width = 1;           ///< > 0
    Index stride_height = 1;          ///< > 0
    Index stride_width = 1;           ///< > 0
    Index padding_height = 0;         ///< >= 0, rows taken off the result above and below
    Index padding_width = 0;          ///< >= 0, columns taken off the result left and right
    Index output_padding_height = 0;  ///< >= 0, below stride or dilation: rows of the result beyond that, below
    Index output_padding_width = 0;   ///< the same on the right
    Index dilation_height = 1;        ///< > 0, distance of neighbouring kernel rows in the result
    Index dilation_width = 1;         ///< > 0
    Index groups = 1;                 ///< > 0, divides in_channels and out_channels
    bool bias = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "ConvTranspose2d");

  /// Throws ConfigError when an option is outside its range above.
  ConvTranspose2d(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, H, W, in_channels] or the padding leaves nothing of the result.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "ConvTranspose2d"; }

 private:
  Options options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dpml
