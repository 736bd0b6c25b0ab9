#include "dpml/layers/batch_norm.h"

#include "dpml/base/error.h"

namespace dpml {

void refuse_batch_norm() {
  throw SampleMixingError(
      "BatchNorm: normalises over the batch axis, so one sample's gradient would depend on another's. Use GroupNorm or "
      "LayerNorm; or FrozenBatchNorm, with the statistics of weights that were trained before.");
}

}  // namespace dpml
