#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// Normalises each sample's groups of channels (Wu, He 2018): with the mean and the biased variance over all positions
/// and the group's channels of the sample,
/// y[b,...,c] = (x[b,...,c] - mean) / sqrt(variance + epsilon) * weight[c] + bias[c].
///
///   x       [B, ..., C]   B >= 0; the middle axes are positions
///   weight  [C]           ones at construction; absent, as bias, when options.affine is false
///   bias    [C]           zeros at construction
///   result  [B, ..., C]
///
/// Statistics are computed in double. Per-sample gradient: weight and bias are dense.
class GroupNorm : public Layer {
 public:
  struct Options {
    Index groups = 0;       ///< > 0, divides channels
    Index channels = 0;     ///< > 0
    double epsilon = 1e-5;  ///< > 0
    bool affine = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "GroupNorm");

  /// Throws ConfigError when an option is outside its range.
  explicit GroupNorm(const Options& options);

  /// Throws ShapeError when the last axis of x is not options.channels.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "GroupNorm"; }

 private:
  Options options_;
  std::optional<Parameter> weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dpml
