#include "check_trainable.h"

#include <algorithm>

#include "dpml/base/name_pattern.h"
#include "dpml/base/text.h"

namespace dpml::config {

namespace {

/// What is wrong with a pattern; "" for a good one.
std::string problem_of(const std::string& pattern, const std::vector<WeightSize>& weights) {
  if (std::string problem = problem_of_pattern(pattern); !problem.empty()) return problem;
  bool fits = false;
  for (const WeightSize& weight : weights) {
    if (!match_name(pattern, weight.name)) continue;
    fits = true;
    if (weight.is_kept) {
      return "fits " + weight.name +
             ", which keeps its values because its layer is frozen or it is a constant; state "
             "a narrower pattern, or no `frozen`";
    }
  }
  if (fits) return "";
  return "no weight of the model fits \"" + printable(pattern) +
         "\"; dpml inspect CONFIG shows the layers that begin them";
}

}  // namespace

void check_trainable(std::span<const std::string> patterns, const ModelSizes& sizes, const TrainableProblem& tell) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string problem = problem_of(patterns[i], sizes.weights);
    if (!problem.empty()) tell(i, problem);
  }
  const auto is_trained = [](const WeightSize& weight) { return weight.is_trained; };
  if (std::none_of(sizes.weights.begin(), sizes.weights.end(), is_trained)) {
    tell({},
         "has no weight that is trained, which training refuses; add a layer with weights, or leave out what keeps "
         "them");
  }
  for (const Adapter& adapter : sizes.adapters) {
    const std::string up = adapter.layer + "lora_B.weight";
    const auto is_up = [&](const WeightSize& weight) { return weight.name == up && weight.is_trained; };
    if (std::none_of(sizes.weights.begin(), sizes.weights.end(), is_up)) {
      tell({}, "adapts by lora, but " + up + " is not trained and stays 0; train it, or leave lora out");
    }
  }
}

}  // namespace dpml::config
