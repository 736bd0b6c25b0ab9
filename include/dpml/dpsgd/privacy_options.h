#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dpml/accounting/chain.h"
#include "dpml/accounting/event.h"

namespace dpml {

/// How a batch is drawn; a closed set, because the sampler decides the event that is accounted.
enum class SamplerKind {
  poisson,    ///< every sample joins independently with probability sampling_rate
  full_batch  ///< every sample, in every step
};

/// Everything that decides the guarantee, all of it public; nothing here has a default that a user did not state.
struct PrivacyOptions {
  std::string unit;  ///< what one sample is, in words: "one image", "one patient's record"
  Neighbours neighbours = Neighbours::add_or_remove_one;
  SamplerKind sampler = SamplerKind::poisson;
  double sampling_rate = 0;                ///< in (0, 1]; 1 for full_batch
  double expected_batch_size = 0;          ///< > 0, public: the noisy sum is divided by it
  std::uint64_t steps = 0;                 ///< releases, at most; > 0
  double clip_bound = 0;                   ///< from 1e-30 to 1e30; infinity for no clipping
  double delta = 0;                        ///< in (0, 1)
  std::optional<double> target_epsilon;    ///< > 0; the noise multiplier follows from it
  std::optional<double> noise_multiplier;  ///< >= 0, noise stddev / clip bound; exactly one of the two is stated
  std::optional<double> epsilon_budget;    ///< > 0, beside noise_multiplier: steps are cut to those that keep within it
  std::string accountant = "pld";
  std::optional<std::uint64_t> seed;  ///< for tests and research only: a run with a chosen seed is not private

  std::optional<std::uint64_t>
      public_size;  ///< publicly known number of units, where it is stated; delta is below 1 / it

  /// Whose data the weights have seen that training begins from. Not stated, the plan is about this training alone, and
  /// no model file can be written.
  std::optional<InitialWeights> initial_weights;
  std::vector<EarlierRun> earlier_runs;  ///< with same_people and disjoint_people: those before, the first one first
  bool plans_fixed_in_advance = false;   ///< with same_people: all plans were fixed before the first run began
};

}  // namespace dpml
