#pragma once

#include <string>

#include "dpml/layers/layer.h"

namespace dpml {

/// e^x over its sum along the last axis, so that the numbers there are not negative and add up to 1; stable for any
/// finite x. Not before the cross entropies, which take logits.
///
///   x       [B, ..., C]   B >= 0; the middle axes are positions
///   result  [B, ..., C]
class Softmax final : public Layer {
 public:
  /// Throws ShapeError when x has no axis but the batch.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  std::string type() const override { return "Softmax"; }
};

/// The logarithm of Softmax, also where a share rounds to 0. Not before the cross entropies, which take logits.
///
///   x       [B, ..., C]   B >= 0; the middle axes are positions
///   result  [B, ..., C]
class LogSoftmax final : public Layer {
 public:
  /// Throws ShapeError when x has no axis but the batch.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  std::string type() const override { return "LogSoftmax"; }
};

}  // namespace dpml
