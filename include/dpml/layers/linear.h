#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// Affine map of the last axis: y[b,...,o] = sum_i x[b,...,i] * weight[o,i] + bias[o].
///
///   x       [B, ..., in]   B >= 0; the middle axes are T >= 0 positions
///   weight  [out, in]      uniform in +-1/sqrt(in) at construction
///   bias    [out]          the same; absent when options.bias is false
///   result  [B, ..., out]
///
/// Per-sample gradient: weight is an outer product summed over T, bias is dense.
class Linear final : public Layer {
 public:
  struct Options {
    Index in = 0;   ///< > 0
    Index out = 0;  ///< > 0
    bool bias = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "Linear");

  /// Throws ConfigError when a size is not positive.
  Linear(const Options& options, Rng& init);

  /// Throws ShapeError when the last axis of x is not options.in.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Linear"; }

 private:
  Options options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dpml
