#include "dpml/base/error.h"
#include "readers.h"

namespace dpml::config {

namespace {

InitialWeights origin_of(const std::string& word) {
  if (word == "PUBLIC") return InitialWeights::public_data;
  if (word == "SAME_PEOPLE") return InitialWeights::same_people;
  if (word == "DISJOINT_PEOPLE") return InitialWeights::disjoint_people;
  if (word == "UNKNOWN") return InitialWeights::unknown;
  throw InternalError("the schema knows an origin of initial weights that its reader does not: " + word);
}

}  // namespace

void read_initial_weights(const Section& experiment, Experiment& into) {
  const Section privacy = experiment.block("privacy");
  PrivacyOptions& options = into.privacy;
  const bool states_origin = privacy.states("initial_weights");
  const bool has_model = into.runtime.initial_model.has_value();
  options.initial_weights = has_model ? InitialWeights::unknown : InitialWeights::random;
  if (states_origin) {
    const std::string word = privacy.choice("initial_weights");
    if (!word.empty()) options.initial_weights = origin_of(word);
    if (!has_model && !into.program) {
      privacy.problem("initial_weights", "is stated, but no weights are: state runtime.initial_model, or leave it out");
    }
  }
  options.plans_fixed_in_advance = privacy.flag("plans_fixed_in_advance");
  if (options.plans_fixed_in_advance && options.initial_weights != InitialWeights::same_people) {
    privacy.problem("plans_fixed_in_advance",
                    "is about runs on the same people; state initial_weights: SAME_PEOPLE, or leave it out");
  }
  if (has_model && options.initial_weights == InitialWeights::unknown) {
    into.warnings.push_back(
        to_text(experiment.block("runtime").origin("initial_model")) +
        ": whose data these weights have seen is not stated, so the run will claim nothing (epsilon infinity); state "
        "privacy.initial_weights: PUBLIC, SAME_PEOPLE or DISJOINT_PEOPLE");
  }
}

}  // namespace dpml::config
