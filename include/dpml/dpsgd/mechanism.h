#pragma once

#include <variant>

#include "dpml/accounting/ledger.h"
#include "dpml/dpsgd/communicator.h"
#include "dpml/dpsgd/gaussian_mechanism.h"
#include "dpml/random/key.h"

namespace dpml {

class ClippedSum;

/// What turns a clipped sum into a gradient that may be used; a closed set. Each mechanism has sums of its own, which
/// it alone can release.
using Mechanism = std::variant<GaussianMechanism>;

/// What a release costs.
const Event& event_of(const Mechanism& mechanism);
/// Of the noise in every coordinate of the sum, before it is divided.
double noise_stddev_of(const Mechanism& mechanism);

/// Consumes the sum, also when it throws. The ledger is written first, so a crash in between over-counts; the noise is
/// then drawn once, from (key, noise, number of the release in the ledger). With `threads` threads; the bits do not
/// depend on their number. Throws PrivacyError when the sum was made for another mechanism or has too many samples, and
/// what the ledger's journal throws, in which case nothing is released.
NoisyGradient release(const Mechanism& mechanism, ClippedSum&& sum, Ledger& ledger, const Key& key,
                      const Communicator& communicator = SingleProcess(), int threads = 1);

}  // namespace dpml
