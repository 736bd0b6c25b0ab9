// refused: (no matching|could not convert|invalid initialization|too few)
#include "dpml/dpsgd/clipped_sum.h"

#ifdef DPML_BREAKS
dpml::NoisyGradient unpaid(const dpml::Mechanism& mechanism, dpml::ClippedSum sum, const dpml::Key& key) {
  return dpml::release(mechanism, std::move(sum), key);
}
#endif
