#pragma once

#include "dpml/layers/layer.h"

namespace dpml {

/// max(x, 0) for every number, any shape; the derivative at 0 is 0.
class ReLU final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "ReLU"; }
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
