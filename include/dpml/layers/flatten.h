#pragma once

#include <string>

#include "dpml/layers/layer.h"

namespace dpml {

/// All axes of a sample as one, in PyTorch's order, so that weights behind it mean the same in both.
///
///   x [B, H, W, C]    ->  [B, C*H*W], channels outermost
///   x of other ranks  ->  [B, ...] as it lies in memory; [B] becomes [B, 1]
class Flatten final : public Layer {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  bool keeps_numbers() const override { return true; }
  std::string type() const override { return "Flatten"; }
};

}  // namespace dpml
