#pragma once

#include <optional>
#include <string>

#include "dpml/layers/group_norm.h"

namespace dpml {

/// Normalises each channel of each sample over its positions (Ulyanov, Vedaldi, Lempitsky 2016): GroupNorm with a group
/// for each channel, and PyTorch's InstanceNorm1d and InstanceNorm2d without running statistics, which would be of the
/// whole batch.
///
///   x       [B, ..., C]   B >= 0; the middle axes, one at least, are positions
///   weight  [C]           ones at construction; absent, as bias, unless options.affine
///   bias    [C]           zeros at construction
///   result  [B, ..., C]
///
/// Statistics are computed in double. Per-sample gradient: weight and bias are dense.
class InstanceNorm final : public GroupNorm {
 public:
  struct Options {
    Index channels = 0;     ///< > 0
    double epsilon = 1e-5;  ///< > 0
    bool affine = false;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "InstanceNorm");

  /// Throws ConfigError when an option is outside its range.
  explicit InstanceNorm(const Options& options);

  /// forward throws ShapeError when x has no axis of positions, or its last one is not options.channels.
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "InstanceNorm"; }

 private:
  Options options_;
};

}  // namespace dpml
