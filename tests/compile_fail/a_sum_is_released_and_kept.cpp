// refused: (cannot bind|no matching)
#include "dpml/dpsgd/clipped_sum.h"

dpml::NoisyGradient once(const dpml::Mechanism& mechanism, dpml::ClippedSum sum, dpml::Ledger& ledger,
                         const dpml::Key& key) {
  return dpml::release(mechanism, std::move(sum), ledger, key);
}
#ifdef DPML_BREAKS
dpml::NoisyGradient twice(const dpml::Mechanism& mechanism, dpml::ClippedSum sum, dpml::Ledger& ledger,
                          const dpml::Key& key) {
  dpml::release(mechanism, sum, ledger, key);
  return dpml::release(mechanism, sum, ledger, key);
}
#endif
