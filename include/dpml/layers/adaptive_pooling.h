#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// How many windows there are, whatever the size of the images. Window i of n over `length` places holds those from
/// floor(i length / n) up to, but not, ceil((i + 1) length / n): every place is in one, and neighbours may share some.
/// 1 is global pooling.
struct AdaptivePool2dOptions {
  Index output_height = 0;  ///< > 0
  Index output_width = 0;   ///< > 0
};

/// The same along sequences.
struct AdaptivePool1dOptions {
  Index output_size = 0;  ///< > 0
};

/// The mean of each window and channel.
///
///   x       [B, H, W, C]                            B >= 0
///   result  [B, output_height, output_width, C]
class AdaptiveAvgPool2d final : public Layer {
 public:
  using Options = AdaptivePool2dOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "AdaptiveAvgPool2d");

  /// Throws ConfigError when a number is outside its range.
  explicit AdaptiveAvgPool2d(const Options& options);

  /// Throws ShapeError when x is not [B, H, W, C] with H and W above 0.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "AdaptiveAvgPool2d"; }

 private:
  Options options_;
};

/// The largest number in each window and channel; NaN and equal ones as in MaxPool2d.
///
///   x       [B, H, W, C]                            B >= 0
///   result  [B, output_height, output_width, C]
class AdaptiveMaxPool2d final : public Layer {
 public:
  using Options = AdaptivePool2dOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "AdaptiveMaxPool2d");

  /// Throws ConfigError when a number is outside its range.
  explicit AdaptiveMaxPool2d(const Options& options);

  /// Throws ShapeError when x is not [B, H, W, C] with H and W above 0.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "AdaptiveMaxPool2d"; }

 private:
  Options options_;
};

/// AdaptiveAvgPool2d along sequences.
///
///   x       [B, T, C]             B >= 0
///   result  [B, output_size, C]
class AdaptiveAvgPool1d final : public Layer {
 public:
  using Options = AdaptivePool1dOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "AdaptiveAvgPool1d");

  /// Throws ConfigError when a number is outside its range.
  explicit AdaptiveAvgPool1d(const Options& options);

  /// Throws ShapeError when x is not [B, T, C] with T above 0.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "AdaptiveAvgPool1d"; }

 private:
  Options options_;
};

/// AdaptiveMaxPool2d along sequences.
///
///   x       [B, T, C]             B >= 0
///   result  [B, output_size, C]
class AdaptiveMaxPool1d final : public Layer {
 public:
  using Options = AdaptivePool1dOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "AdaptiveMaxPool1d");

  /// Throws ConfigError when a number is outside its range.
  explicit AdaptiveMaxPool1d(const Options& options);

  /// Throws ShapeError when x is not [B, T, C] with T above 0.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "AdaptiveMaxPool1d"; }

 private:
  Options options_;
};

}  // namespace dpml
