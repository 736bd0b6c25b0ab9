#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/layers/padding_mode.h"
#include "dpml/random/rng.h"

namespace dpml {

/// Cross-correlation of sequences, channels last. With group g = o / (out/groups):
/// y[b,t,o] = bias[o] + sum_{k,c} weight[o,k,c] * x[b, t*stride - padding + k*dilation, g*in/groups + c],
/// where x is continued beyond its ends as padding_mode says, with zeros by default.
///
///   x       [B, T, in]           B >= 0
///   weight  [out, k, in/groups]  uniform in +-1/sqrt(k*in/groups) at construction; [out, in/groups, k] in files
///   bias    [out]                the same; absent when options.bias is false
///   result  [B, T', out]         T' = floor((T + 2 padding - dilation (k - 1) - 1) / stride) + 1, T with padding_same
///
/// Per-sample gradient: weight is a sum of outer products over the positions, bias is dense.
class Conv1d final : public Layer {
 public:
  struct Options {
    Index in_channels = 0;   ///< > 0
    Index out_channels = 0;  ///< > 0
    Index kernel = 1;        ///< > 0
    Index stride = 1;        ///< > 0
    Index padding = 0;       ///< >= 0, at both ends
    Index dilation = 1;      ///< > 0, distance of neighbouring kernel places in the sequence
    Index groups = 1;  ///< > 0, divides in_channels and out_channels; in_channels of them: a depthwise convolution
    bool bias = true;
    bool padding_same = false;  ///< as in Conv2d
    PaddingMode padding_mode = PaddingMode::zeros;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "Conv1d");

  /// Throws ConfigError when an option is outside its range above.
  Conv1d(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, T, in_channels], its padded sequences are shorter than the kernel, or the
  /// padding mode does not give so much.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Conv1d"; }

 private:
  Options options_;
  Parameter weight_;  // [out, 1, k, in/groups]: that of images of height 1
  std::optional<Parameter> bias_;
};

}  // namespace dpml
