#pragma once

#include "dpml/layers/layer.h"

namespace dpml {

/// One vector from those of all positions, [B, ..., C] -> [B, C]: B >= 0; the middle axes, at least one of them, are T
/// positions. So an image [B, H, W, C] has its pixels brought together.
class OverPositions : public Layer {
 public:
  /// Throws ShapeError when x has no axis of positions.
  Shape output_shape(const Shape& sample) const override;

 protected:
  Value with_one_axis(Tape& tape, const Value& x) const;  ///< x as [B, T, C]
};

/// Their sum.
class SumOverPositions final : public OverPositions {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "SumOverPositions"; }
};

/// Their mean; of no positions 0.
class MeanOverPositions final : public OverPositions {
 public:
  Value forward(Tape& tape, const Value& x) const override;
  std::string type() const override { return "MeanOverPositions"; }
};

/// The largest number of each place; its gradient goes to the first position that has it. NaN is the largest.
class MaxOverPositions final : public OverPositions {
 public:
  /// Throws ShapeError when T is 0, too, as output_shape does.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  std::string type() const override { return "MaxOverPositions"; }
};

}  // namespace dpml
