#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// Normalises the trailing axes of each position (Ba, Kiros, Hinton 2016): with the mean and the biased variance over
/// the normalised axes, y = (x - mean) / sqrt(variance + epsilon) * weight + bias.
///
///   x       [B, ..., normalized...]   B >= 0; the middle axes are positions
///   weight  [normalized...]           ones at construction; absent, as bias, when options.affine is false
///   bias    [normalized...]           zeros at construction
///   result  the shape of x
///
/// Statistics are computed in double. Per-sample gradient: weight and bias are dense.
class LayerNorm final : public Layer {
 public:
  struct Options {
    Shape normalized;       ///< one axis or more, each > 0
    double epsilon = 1e-5;  ///< > 0
    bool affine = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "LayerNorm");

  /// Throws ConfigError when an option is outside its range.
  explicit LayerNorm(const Options& options);

  /// Throws ShapeError when the last axes of x are not options.normalized.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "LayerNorm"; }

 private:
  Options options_;
  std::optional<Parameter> weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dpml
