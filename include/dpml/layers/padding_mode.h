#pragma once

namespace dpml {

/// What a convolution sees beyond the border, as PyTorch names it; [1 2 3] with 2 more on each side:
enum class PaddingMode {
  zeros,      ///< 0 0 [1 2 3] 0 0
  reflect,    ///< 3 2 [1 2 3] 2 1; each side takes fewer than there are
  replicate,  ///< 1 1 [1 2 3] 3 3
  circular    ///< 2 3 [1 2 3] 1 2; each side takes at most as many as there are
};

}  // namespace dpml
