#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// Batch normalisation with constants in the place of statistics, torchvision's FrozenBatchNorm2d:
/// y[b,...,c] = (x[b,...,c] - running_mean[c]) / sqrt(running_var[c] + epsilon) * weight[c] + bias[c].
/// No sample meets another one. The constants come from weights that were trained before (runtime.initial_model); they
/// are frozen parameters, part of the model and never changed by training.
///
///   x             [B, ..., C]   B >= 0; the middle axes are positions
///   weight        [C]           ones at construction
///   bias          [C]           zeros at construction
///   running_mean  [C]           zeros at construction
///   running_var   [C]           ones at construction; a negative one below -epsilon gives NaN
///   result        [B, ..., C]
class FrozenBatchNorm final : public Layer {
 public:
  struct Options {
    Index channels = 0;     ///< > 0
    double epsilon = 1e-5;  ///< > 0
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "FrozenBatchNorm");

  /// Throws ConfigError when an option is outside its range.
  explicit FrozenBatchNorm(const Options& options);

  /// Throws ShapeError when the last axis of x is not options.channels.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "FrozenBatchNorm"; }

 private:
  Options options_;
  Parameter weight_;
  Parameter bias_;
  Parameter running_mean_;
  Parameter running_var_;
};

}  // namespace dpml
