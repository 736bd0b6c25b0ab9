#pragma once

#include <cstdint>

#include "dpml/accounting/ledger.h"

namespace dpml {

struct PoissonSteps {
  double sampling_rate;
  double noise_multiplier;
  std::uint64_t steps;
};

/// The ledger of Poisson-sampled Gaussians, as DP-SGD writes it.
inline Ledger ledger_of(const PoissonSteps& schedule, Neighbours neighbours = Neighbours::add_or_remove_one) {
  Ledger ledger(neighbours);
  ledger.append(PoissonSampled{schedule.sampling_rate, Gaussian{schedule.noise_multiplier}}, schedule.steps);
  return ledger;
}

}  // namespace dpml
