#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"

namespace dpml {

/// y = body(x) + shortcut(x); without a shortcut y = body(x) + x.
///
/// Both results have the same shape. Parameters are named "body.parameter" and "shortcut.parameter".
class Residual final : public Layer {
 public:
  /// Throws ConfigError when there is no body.
  explicit Residual(std::unique_ptr<Layer> body, std::unique_ptr<Layer> shortcut = nullptr);

  const Layer& body() const { return *body_; }
  const Layer* shortcut() const { return shortcut_.get(); }  ///< nullptr when there is none

  /// Throws ShapeError when the two results differ in shape.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  NumberRule input_rule() const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Residual"; }
  void set_name(std::string name) override;

 private:
  std::unique_ptr<Layer> body_;
  std::unique_ptr<Layer> shortcut_;
};

}  // namespace dpml
