#include "dpml/train/weights.h"

#include <map>
#include <set>
#include <string_view>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/model_sizes.h"

namespace dpml {

std::vector<NamedTensor> named_weights(Layer& model) {
  std::vector<NamedTensor> weights;
  for (const NamedParameter& named : named_parameters(model)) {
    weights.push_back({named.name, named.parameter->in_file_order()});
  }
  return weights;
}

namespace {

using ByName = std::map<std::string_view, const NamedTensor*>;

ByName by_name(std::span<const NamedTensor> weights) {
  ByName found;
  for (const NamedTensor& weight : weights) found.emplace(weight.name, &weight);
  return found;
}

/// Throws ConfigError naming every weight that is missing, not known or of another shape.
void require_fit(const ByName& weights, std::span<const WeightSize> expected, const std::string& source) {
  std::string problems;
  std::set<std::string_view> known;
  for (const WeightSize& wanted : expected) {
    known.insert(wanted.name);
    const auto weight = weights.find(wanted.name);
    if (weight == weights.end()) {
      problems += "\n  " + wanted.name + " " + wanted.shape.to_text() + " is missing";
    } else if (weight->second->value.shape() != wanted.shape) {
      problems += "\n  " + wanted.name + " is " + weight->second->value.shape().to_text() + ", the model expects " +
                  wanted.shape.to_text();
    }
  }
  for (const auto& [name, weight] : weights) {
    if (known.contains(name)) continue;
    problems += "\n  " + printable(name) + " " + weight->value.shape().to_text() + " is not in the model";
  }
  if (!problems.empty()) throw ConfigError(source + ": the weights do not fit the model:" + problems);
}

}  // namespace

void load_weights(Layer& model, std::span<const NamedTensor> weights, const std::string& source) {
  const std::vector<NamedParameter> parameters = named_parameters(model);
  std::vector<WeightSize> expected;
  for (const NamedParameter& named : parameters) {
    expected.push_back({named.name, named.parameter->in_file_order().shape()});
  }
  const ByName found = by_name(weights);
  require_fit(found, expected, source);
  for (const NamedParameter& named : parameters) {
    named.parameter->set_from_file_order(found.at(named.name)->value);
  }
}

void require_weights(std::span<const NamedTensor> weights, const Experiment& experiment, const std::string& source) {
  require_fit(by_name(weights), model_sizes(experiment.model, experiment.train.sample_shape).weights, source);
}

}  // namespace dpml
