#pragma once

#include <string>

#include "dpml/layers/padding_mode.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Rows and columns around images [H, W, C].
struct Padding {
  PaddingMode mode = PaddingMode::zeros;
  Index top = 0;
  Index bottom = 0;
  Index left = 0;
  Index right = 0;

  /// Throws ShapeError, starting with `place`, when the mode does not give so much of an image of this size.
  void require_fit(const std::string& place, Index height, Index width) const;
};

/// [B, H, W, C] -> [B, top + H + bottom, left + W + right, C].
Tensor padded(const Padding& padding, const Tensor& images);

/// The transpose of padded: every number of the gradient is added to the place in an image that it came from. `images`
/// is [B, H, W, C].
Tensor padding_folded(const Padding& padding, const Tensor& gradient, const Shape& images);

}  // namespace dpml
