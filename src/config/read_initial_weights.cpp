#include "readers.h"
#include "words.h"

namespace dpml::config {

namespace {

constexpr std::array kOrigins{
    Word<InitialWeights>{"PUBLIC", InitialWeights::public_data},
    Word<InitialWeights>{"SAME_PEOPLE", InitialWeights::same_people},
    Word<InitialWeights>{"DISJOINT_PEOPLE", InitialWeights::disjoint_people},
    Word<InitialWeights>{"UNKNOWN", InitialWeights::unknown},
};

}  // namespace

void read_initial_weights(const Section& experiment, Experiment& into) {
  const Section privacy = experiment.block("privacy");
  PrivacyOptions& options = into.privacy;
  const bool states_origin = privacy.states("initial_weights");
  const bool has_model = into.runtime.initial_model.has_value();
  options.initial_weights = has_model ? InitialWeights::unknown : InitialWeights::random;
  if (states_origin) {
    const auto origin = read_choice(privacy, "initial_weights", kOrigins);
    if (origin) options.initial_weights = *origin;
    if (!has_model && !into.program) {
      privacy.problem("initial_weights", "is stated, but no weights are: state runtime.initial_model, or leave it out");
    }
  }
  options.plans_fixed_in_advance = privacy.flag("plans_fixed_in_advance");
  if (options.plans_fixed_in_advance && !claims_with_earlier_runs(*options.initial_weights)) {
    privacy.problem("plans_fixed_in_advance",
                    "is about runs on the same people; state initial_weights: SAME_PEOPLE, or leave it out");
  }
  if (has_model && !may_claim(*options.initial_weights)) {
    into.warnings.push_back(
        to_text(experiment.block("runtime").origin("initial_model")) +
        ": whose data these weights have seen is not stated, so the run will claim nothing (epsilon infinity); state "
        "privacy.initial_weights: PUBLIC, SAME_PEOPLE or DISJOINT_PEOPLE");
  }
}

}  // namespace dpml::config
