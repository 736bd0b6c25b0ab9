#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// Divides the trailing axes of each position by their root mean square (Zhang, Sennrich 2019):
/// y = x / sqrt(mean(x^2) + epsilon) * weight, the mean over the normalised axes.
///
///   x       [B, ..., normalized...]   B >= 0; the middle axes are positions
///   weight  [normalized...]           ones at construction; absent when options.affine is false
///   result  the shape of x
///
/// The mean is computed in double. Per-sample gradient: weight is dense.
class RMSNorm final : public Layer {
 public:
  struct Options {
    Shape normalized;          ///< one axis or more, each > 0
    double epsilon = 0x1p-23;  ///< > 0; PyTorch's default, the distance of 1 from the next float
    bool affine = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "RMSNorm");

  /// Throws ConfigError when an option is outside its range.
  explicit RMSNorm(const Options& options);

  /// Throws ShapeError when the last axes of x are not options.normalized.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "RMSNorm"; }

 private:
  Options options_;
  std::optional<Parameter> weight_;
};

}  // namespace dpml
