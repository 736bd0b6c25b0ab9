// refused: (discards qualifiers|no matching|drops 'const')
#include "dpml/dpsgd/clipped_sum.h"

#ifdef DPML_BREAKS
dpml::NoisyGradient unpaid(const dpml::Mechanism& mechanism, dpml::ClippedSum sum, const dpml::Ledger& ledger,
                           const dpml::Key& key) {
  return dpml::release(mechanism, std::move(sum), ledger, key);
}
#endif
