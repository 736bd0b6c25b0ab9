#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// y = x0 + x1 + ..., of equal shapes.
class Add final : public Merge {
 public:
  Value forward(Tape& tape, const std::vector<Value>& x) const override;
  Shape output_shape(const std::vector<Shape>& samples) const override;
  std::string type() const override { return "Add"; }
};

/// y = x0 * x1 * ..., number by number, of equal shapes.
class Multiply final : public Merge {
 public:
  Value forward(Tape& tape, const std::vector<Value>& x) const override;
  Shape output_shape(const std::vector<Shape>& samples) const override;
  std::string type() const override { return "Multiply"; }
};

/// Joined along an axis, in which alone the shapes may differ.
class Concat final : public Merge {
 public:
  struct Options {
    Index axis = -1;  ///< the batch is axis 0, which cannot be joined; a negative one counts from the last, -1
  };

  static std::optional<OptionProblem> problem_of(const Options& options);

  explicit Concat(const Options& options);

  Value forward(Tape& tape, const std::vector<Value>& x) const override;
  Shape output_shape(const std::vector<Shape>& samples) const override;
  bool keeps_numbers() const override { return true; }
  std::string type() const override { return "Concat"; }

 private:
  Options options_;
};

}  // namespace dpml
