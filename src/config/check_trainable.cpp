#include "check_trainable.h"

#include "dpml/base/name_pattern.h"
#include "dpml/base/text.h"
#include "dpml/config/model_sizes.h"
#include "size_counter.h"

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
  return "no weight of the model fits \"" + printable(pattern) + "\"; dpml plan and inspect show their names";
}

}  // namespace

void check_trainable(const ModelSpec& model, const Shape& sample_shape,
                     const std::function<void(std::size_t place, const std::string& problem)>& tell) {
  if (model.trainable.empty()) return;
  ModelSizes sizes;
  SizeCounter(sizes).inside(model.layers, sample_shape);
  for (std::size_t i = 0; i < model.trainable.size(); ++i) {
    const std::string problem = problem_of(model.trainable[i], sizes.weights);
    if (!problem.empty()) tell(i, problem);
  }
}

}  // namespace dpml::config
