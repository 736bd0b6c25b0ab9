#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// Windows that slide over images, square unless a width is stated.
struct PoolOptions {
  Index kernel = 0;                        ///< > 0, height of the window, and its width without kernel_width
  Index stride = 0;                        ///< >= 0; 0 means the kernel: windows side by side
  Index padding = 0;                       ///< >= 0 and at most half the kernel, so that every window touches the image
  std::optional<Index> kernel_width = {};  ///< > 0
  std::optional<Index> stride_width = {};  ///< > 0. Absent: `stride`, which at 0 means the kernel's width here
  std::optional<Index> padding_width = {};  ///< as padding. Absent: `padding`
  /// Windows that would leave the padded image below or on the right stay, but for those that begin beyond the image
  /// and the padding before it; otherwise they are left out.
  bool ceil_mode = false;
};

/// The same along sequences.
struct Pool1dOptions {
  Index kernel = 0;        ///< > 0
  Index stride = 0;        ///< >= 0; 0 means the kernel
  Index padding = 0;       ///< >= 0 and at most half the kernel
  bool ceil_mode = false;  ///< as in PoolOptions
};

/// The largest number in each window and channel. Padding never wins. A window that holds a NaN gives NaN; the gradient
/// goes to the last NaN then, else to the first of equal maxima, row by row.
///
///   x       [B, H, W, C]   B >= 0
///   result  [B, floor((H + 2 padding - kernel) / stride) + 1, the same for W, C]; one more at most with ceil_mode
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
///   result  as that of MaxPool2d
class AvgPool2d final : public Layer {
 public:
  struct Options {
    Index kernel = 0;   ///< as in PoolOptions
    Index stride = 0;   ///< as in PoolOptions
    Index padding = 0;  ///< as in PoolOptions
    /// Padding counts as zeros of the mean; otherwise a window at the border is divided by what it holds of the image.
    /// What ceil_mode sees beyond the padding never counts.
    bool count_include_pad = true;
    std::optional<Index> kernel_width = {};   ///< as in PoolOptions
    std::optional<Index> stride_width = {};   ///< as in PoolOptions
    std::optional<Index> padding_width = {};  ///< as in PoolOptions
    bool ceil_mode = false;                   ///< as in PoolOptions
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

/// MaxPool2d along sequences.
///
///   x       [B, T, C]   B >= 0
///   result  [B, floor((T + 2 padding - kernel) / stride) + 1, C]; one more at most with ceil_mode
class MaxPool1d final : public Layer {
 public:
  using Options = Pool1dOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "MaxPool1d");

  /// Throws ConfigError when a number is outside its range.
  explicit MaxPool1d(const Options& options);

  /// Throws ShapeError when x is not [B, T, C] or its padded sequences are shorter than the window.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "MaxPool1d"; }

 private:
  Options options_;
};

/// AvgPool2d along sequences.
///
///   x       [B, T, C]   B >= 0
///   result  as that of MaxPool1d
class AvgPool1d final : public Layer {
 public:
  struct Options {
    Index kernel = 0;               ///< as in Pool1dOptions
    Index stride = 0;               ///< as in Pool1dOptions
    Index padding = 0;              ///< as in Pool1dOptions
    bool count_include_pad = true;  ///< as in AvgPool2d
    bool ceil_mode = false;         ///< as in PoolOptions
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "AvgPool1d");

  /// Throws ConfigError when a number is outside its range.
  explicit AvgPool1d(const Options& options);

  /// Throws ShapeError when x is not [B, T, C] or its padded sequences are shorter than the window.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "AvgPool1d"; }

 private:
  Options options_;
};

}  // namespace dpml
