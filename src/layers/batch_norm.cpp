#include "dpml/layers/batch_norm.h"

#include "dpml/base/error.h"

namespace dpml {

void refuse_batch_norm(const std::string& name) {
  throw SampleMixingError((name.empty() ? "BatchNorm" : "BatchNorm \"" + name + "\"") +
                          ": normalises over the batch axis, so one sample's gradient would depend on another's. Use "
                          "GroupNorm or LayerNorm.");
}

}  // namespace dpml
