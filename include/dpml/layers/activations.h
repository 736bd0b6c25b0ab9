#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// max(x, 0) for every number, any shape; the derivative at 0 is 0.
class ReLU final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "ReLU"; }
};

/// x where it is above 0, else negative_slope * x, for every number, any shape; the derivative at 0 is negative_slope.
class LeakyReLU final : public Layer {
 public:
  struct Options {
    double negative_slope = 0.01;  ///< finite, also as a float
  };
  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options&, const Shape& sample) { return sample; }

  /// Throws ConfigError when the slope is outside its range.
  explicit LeakyReLU(const Options& options);

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "LeakyReLU"; }

 private:
  float negative_slope_;
};

/// The hyperbolic tangent of every number, any shape.
class Tanh final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "Tanh"; }
};

/// x Phi(x) for every number, any shape; Phi is the standard normal distribution function (Hendrycks, Gimpel 2016,
/// the exact form).
class GELU final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "GELU"; }
};

/// 1 / (1 + e^-x) for every number, any shape.
class Sigmoid final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "Sigmoid"; }
};

}  // namespace dpml
