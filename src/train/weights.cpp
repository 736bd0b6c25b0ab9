#include "dpml/train/weights.h"

#include <algorithm>

#include "dpml/base/error.h"

namespace dpml {

std::vector<NamedTensor> named_weights(Layer& model) {
  std::vector<NamedTensor> weights;
  for (const NamedParameter& named : named_parameters(model)) {
    weights.push_back({named.name, named.parameter->in_file_order()});
  }
  return weights;
}

void load_weights(Layer& model, std::span<const NamedTensor> weights, const std::string& source) {
  const std::vector<NamedParameter> parameters = named_parameters(model);
  std::string problems;
  std::vector<const NamedTensor*> found;
  for (const NamedParameter& named : parameters) {
    const auto weight = std::find_if(weights.begin(), weights.end(),
                                     [&](const NamedTensor& candidate) { return candidate.name == named.name; });
    const Shape expected = named.parameter->in_file_order().shape();
    if (weight == weights.end()) {
      problems += "\n  " + named.name + " " + expected.to_text() + " is missing";
      continue;
    }
    if (weight->value.shape() != expected) {
      problems +=
          "\n  " + named.name + " is " + weight->value.shape().to_text() + ", the model expects " + expected.to_text();
    }
    found.push_back(&*weight);
  }
  for (const NamedTensor& weight : weights) {
    if (std::none_of(parameters.begin(), parameters.end(),
                     [&](const NamedParameter& named) { return named.name == weight.name; })) {
      problems += "\n  " + weight.name + " " + weight.value.shape().to_text() + " is not in the model";
    }
  }
  if (!problems.empty()) throw ConfigError(source + ": the weights do not fit the model:" + problems);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].parameter->set_from_file_order(found[i]->value);
}

}  // namespace dpml
