#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// ConvTranspose2d along sequences, the transpose of Conv1d.
///
///   x       [B, T, in]             B >= 0, T above 0
///   weight  [in, k, out/groups]    uniform in +-1/sqrt(k*out/groups) at construction; [in, out/groups, k] in files
///   bias    [out]                  the same; absent when options.bias is false
///   result  [B, T', out]           T' = (T - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1
///
/// Per-sample gradient: weight is a sum of outer products over the positions of x, bias is dense.
class ConvTranspose1d final : public Layer {
 public:
  struct Options {
    Index in_channels = 0;     ///< > 0
    Index out_channels = 0;    ///< > 0
    Index kernel = 1;          ///< > 0
    Index stride = 1;          ///< > 0
    Index padding = 0;         ///< >= 0, places taken off the result at both ends
    Index output_padding = 0;  ///< >= 0, below stride or dilation: places of the result beyond that, at the end
    Index dilation = 1;        ///< > 0
    Index groups = 1;          ///< > 0, divides in_channels and out_channels
    bool bias = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "ConvTranspose1d");

  /// Throws ConfigError when an option is outside its range above.
  ConvTranspose1d(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, T, in_channels] or the padding leaves nothing of the result.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "ConvTranspose1d"; }

 private:
  Options options_;
  Parameter weight_;  // [in, 1, k, out/groups]: that of images of height 1
  std::optional<Parameter> bias_;
};

}  // namespace dpml
