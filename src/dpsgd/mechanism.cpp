#include "dpml/dpsgd/mechanism.h"

#include "dpml/base/cases.h"
#include "dpml/dpsgd/clipped_sum.h"

namespace dpml {

const Event& event_of(const Mechanism& mechanism) {
  return std::visit(Cases{[](const GaussianMechanism& it) -> const Event& { return it.event(); }}, mechanism);
}

double noise_stddev_of(const Mechanism& mechanism) {
  return std::visit(Cases{[](const GaussianMechanism& it) { return it.noise_stddev(); }}, mechanism);
}

NoisyGradient release(const Mechanism& mechanism, ClippedSum&& sum, Ledger& ledger, const Key& key,
                      const Communicator& communicator, int threads) {
  return std::visit(Cases{[&](const GaussianMechanism& it) {
                      return it.release(std::move(sum), ledger, key, communicator, threads);
                    }},
                    mechanism);
}

}  // namespace dpml
