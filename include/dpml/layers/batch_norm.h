#pragma once

namespace dpml {

/// Batch normalisation is known and refused: throws SampleMixingError, saying why and what to use instead.
/// `name` is the layer's name in its model; it may be empty.
[[noreturn]] void refuse_batch_norm();

}  // namespace dpml
