#pragma once

#include <optional>
#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// A function of every number of x, which has any shape.
class Activation : public Layer {
 public:
  Shape output_shape(const Shape& sample) const final { return sample; }
};

/// max(x, 0); the derivative at 0 is 0.
class ReLU final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "ReLU"; }
};

/// x where it is above 0, else negative_slope * x; the derivative at 0 is negative_slope.
class LeakyReLU final : public Activation {
 public:
  struct Options {
    double negative_slope = 0.01;  ///< finite, also as a float
  };
  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options&, const Shape& sample) { return sample; }

  /// Throws ConfigError when an option is outside its range.
  explicit LeakyReLU(const Options& options);

  using Activation::output_shape;
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "LeakyReLU"; }

 private:
  float negative_slope_;
};

/// The hyperbolic tangent.
class Tanh final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "Tanh"; }
};

/// x Phi(x); Phi is the standard normal distribution function (Hendrycks, Gimpel 2016, the exact form).
class GELU final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "GELU"; }
};

/// 1 / (1 + e^-x).
class Sigmoid final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "Sigmoid"; }
};

/// x / (1 + e^-x) (Elfwing, Uchibe, Doya 2017), also called swish.
class SiLU final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "SiLU"; }
};

/// x above 0, else alpha (e^x - 1) (Clevert, Unterthiner, Hochreiter 2016); the derivative at 0 is alpha.
class ELU final : public Activation {
 public:
  struct Options {
    double alpha = 1;  ///< finite, also as a float
  };
  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options&, const Shape& sample) { return sample; }

  /// Throws ConfigError when an option is outside its range.
  explicit ELU(const Options& options);

  using Activation::output_shape;
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "ELU"; }

 private:
  float alpha_;
};

/// ELU of alpha 1.6733, times 1.0507: with weights of mean 0 and variance 1 / inputs it keeps the mean 0 and the
/// variance 1 (Klambauer et al. 2017, equation 2).
class SELU final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "SELU"; }
};

/// log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold.
class Softplus final : public Activation {
 public:
  struct Options {
    double beta = 1;        ///< > 0, also as a float
    double threshold = 20;  ///< at least 0, finite
  };
  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options&, const Shape& sample) { return sample; }

  /// Throws ConfigError when an option is outside its range.
  explicit Softplus(const Options& options);

  using Activation::output_shape;
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "Softplus"; }

 private:
  float beta_;
  float threshold_;
};

/// x clamp(x + 3, 0, 6) / 6 (Howard et al. 2019, section 5.2); the derivative is 0 at -3 and 1 at 3.
class Hardswish final : public Activation {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "Hardswish"; }
};

/// x above 0, else weight x (He et al. 2015, equation 1); the derivative at 0 is the weight.
///
///   x       [B, ..., C]        B >= 0
///   weight  [num_parameters]   `init` at construction: one for all numbers, or one for each place of the last axis
///   result  as x
///
/// Per-sample gradient: dense.
class PReLU final : public Layer {
 public:
  struct Options {
    Index num_parameters = 1;  ///< 1 or C
    double init = 0.25;        ///< finite, also as a float
  };
  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "PReLU");

  /// Throws ConfigError when an option is outside its range.
  explicit PReLU(const Options& options);

  /// Throws ShapeError when there are several weights and the last axis of x is not as long.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "PReLU"; }

 private:
  Options options_;
  Parameter weight_;
};

}  // namespace dpml
