#pragma once

#include <string>

#include "dpml/layers/layer.h"

namespace dpml {

/// y = x weight^T over the last axis, by a weight that another layer owns: an Embedding's, which so maps back to
/// logits over its vocabulary. It has no parameters of its own; the weight's per-sample gradient is the sum over both.
///
///   x       [B, ..., features]
///   weight  [vocabulary, features]  must outlive this layer
///   result  [B, ..., vocabulary]
class TiedLinear final : public Layer {
 public:
  explicit TiedLinear(const Parameter& weight) : weight_(weight) {}

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  std::string type() const override { return "TiedLinear"; }

 private:
  const Parameter& weight_;
};

}  // namespace dpml
