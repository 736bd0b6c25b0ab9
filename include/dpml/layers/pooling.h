#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// Square windows that slide over images. Windows that would leave the padded image are left out.
struct PoolOptions {
  Index kernel = 0;   ///< > 0, height and width of the window
  Index stride = 0;   ///< >= 0; 0 means `kernel`: windows side by side
  Index padding = 0;  ///< >= 0 and at most half the kernel, so that every window touches the image
};

/// The largest number in each window and channel. Padding never wins. A window that holds a NaN gives NaN; the gradient
/// goes to the last NaN then, else to the first of equal maxima, row by row.
///
///   x       [B, H, W, C]   B >= 0
///   result  [B, floor((H + 2 padding - kernel) / stride) + 1, the same for W, C]
class MaxPool2d final : public Layer {
 public:
  using Options = PoolOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "MaxPool2d");

  /// Throws ConfigError when a number is outside its range.
  explicit MaxPool2d(const Options& options);

  /// Throws ShapeError when x is not [B, H, W, C] or its padded images are smaller than the window.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "MaxPool2d"; }

 private:
  Options options_;
};

/// The mean of each window and channel.
///
///   x       [B, H, W, C]   B >= 0
///   result  [B, floor((H + 2 padding - kernel) / stride) + 1, the same for W, C]
class AvgPool2d final : public Layer {
 public:
  struct Options {
    Index kernel = 0;   ///< as in PoolOptions
    Index stride = 0;   ///< as in PoolOptions
    Index padding = 0;  ///< as in PoolOptions
    /// Padding counts as zeros of the mean; otherwise a window at the border is divided by what it holds of the image.
    bool count_include_pad = true;
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "AvgPool2d");

  /// Throws ConfigError when a number is outside its range.
  explicit AvgPool2d(const Options& options);

  /// Throws ShapeError when x is not [B, H, W, C] or its padded images are smaller than the window.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "AvgPool2d"; }

 private:
  Options options_;
};

}  // namespace dpml
