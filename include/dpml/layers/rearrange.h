#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// The numbers of a sample, as they lie in memory, under another shape.
class Reshape final : public Layer {
 public:
  struct Options {
    std::vector<Index> shape;  ///< of a sample, without the batch axis; one axis may be -1: what is left
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "Reshape");

  explicit Reshape(const Options& options);

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  bool keeps_numbers() const override { return true; }
  std::string type() const override { return "Reshape"; }

 private:
  Options options_;
};

/// The axes of a sample in another order: axis i of the result is axis axes[i - 1] of x. The batch is axis 0 and stays.
class Permute final : public Layer {
 public:
  struct Options {
    std::vector<Index> axes;  ///< each of 1, 2, ... once
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "Permute");

  explicit Permute(const Options& options);

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  bool keeps_numbers() const override { return true; }
  std::string type() const override { return "Permute"; }

 private:
  Options options_;
};

/// Positions [begin, end) of one axis.
class Slice final : public Layer {
 public:
  struct Options {
    Index axis = -1;  ///< of a batch, whose axis 0 cannot be cut; a negative one counts from the last, -1
    Index begin = 0;  ///< a negative place counts from the axis' end
    std::optional<Index> end = std::nullopt;  ///< none: to the axis' end
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "Slice");

  explicit Slice(const Options& options);

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  bool keeps_numbers() const override { return true; }
  std::string type() const override { return "Slice"; }

  /// Where the axis of such a sample is cut, counted from 0. Throws ShapeError when it has no such places.
  struct Range {
    Index axis;  ///< of the sample
    Index begin;
    Index end;
  };
  static Range range_in(const Options& options, const Shape& sample, const std::string& place = "Slice");

 private:
  Options options_;
};

}  // namespace dpml
