#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"

namespace dpml {

/// Layers one after another; none: the input itself.
///
/// Parameters are named "child.parameter", as PyTorch names them. Messages call a child by its path: `Linear "body.0"`.
class Sequential final : public Layer {
 public:
  struct Child {
    std::string name;  ///< within this Sequential
    std::unique_ptr<Layer> layer;
  };

  /// Appends a layer and returns it. Without a name it gets its place: "0", "1", ... Throws ConfigError when there is
  /// no layer, when the name holds a dot, and when another child has it.
  Layer& add(std::unique_ptr<Layer> layer, std::string name = "");

  const std::vector<Child>& children() const { return children_; }

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  NumberRule input_rule() const override;
  bool keeps_numbers() const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Sequential"; }
  void set_name(std::string name) override;

 private:
  std::vector<Child> children_;
};

}  // namespace dpml
