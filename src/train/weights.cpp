#include "dpml/train/weights.h"

#include <map>
#include <set>
#include <string_view>

#include "dpml/base/error.h"
#include "dpml/base/memory.h"
#include "dpml/base/text.h"
#include "dpml/config/model_sizes.h"
#include "dpml/config/parse_config.h"

namespace dpml {

std::vector<NamedTensor> named_weights(Layer& model) {
  std::vector<NamedTensor> weights;
  for (const NamedParameter& named : named_parameters(model)) {
    weights.push_back({named.name, named.parameter->in_file_order()});
  }
  return weights;
}

namespace {

std::vector<NamedShape> shapes_of(std::span<const NamedTensor> weights) {
  std::vector<NamedShape> shapes;
  for (const NamedTensor& weight : weights) shapes.push_back({weight.name, weight.value.shape()});
  return shapes;
}

/// Throws ConfigError naming every weight that is missing, not known or of another shape.
void require_fit(std::span<const NamedShape> weights, std::span<const WeightSize> expected, const std::string& source) {
  std::map<std::string_view, const Shape*> found;
  for (const NamedShape& weight : weights) found.emplace(weight.name, &weight.shape);
  std::string problems;
  std::set<std::string_view> known;
  for (const WeightSize& wanted : expected) {
    known.insert(wanted.name);
    const auto weight = found.find(wanted.name);
    if (weight == found.end()) {
      problems += "\n  " + wanted.name + " " + wanted.shape.to_text() + " is missing";
    } else if (*weight->second != wanted.shape) {
      problems +=
          "\n  " + wanted.name + " is " + weight->second->to_text() + ", the model expects " + wanted.shape.to_text();
    }
  }
  for (const auto& [name, shape] : found) {
    if (known.contains(name)) continue;
    problems += "\n  " + printable(name) + " " + shape->to_text() + " is not in the model";
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
  require_fit(shapes_of(weights), expected, source);
  std::map<std::string_view, const NamedTensor*> found;
  for (const NamedTensor& weight : weights) found.emplace(weight.name, &weight);
  for (const NamedParameter& named : parameters) {
    named.parameter->set_from_file_order(found.at(named.name)->value);
  }
}

void require_weights(std::span<const NamedTensor> weights, const Experiment& experiment, const std::string& source) {
  require_fit(shapes_of(weights), model_sizes(experiment.model, experiment.train.sample_shape).weights, source);
}

void require_believable_weights(const std::string& config, std::uint64_t format_version,
                                std::span<const NamedShape> weights) {
  constexpr std::uint64_t kSmall = std::uint64_t{32} << 20;  // bytes
  std::uint64_t bytes = 0;
  for (const NamedShape& weight : weights) bytes += static_cast<std::uint64_t>(weight.shape.size()) * sizeof(float);
  if (bytes <= kSmall) return;
  const Experiment experiment = parse_stored_config(config, "the config", format_version);
  if (!experiment.program) {
    return require_fit(weights, model_sizes(experiment.model, experiment.train.sample_shape).weights, "the file");
  }
  constexpr std::uint64_t kCopies = 2;  // the weights, and the file as dpml would write it
  if (bytes <= usable_memory() / kCopies) return;
  throw ConfigError("are " + format_bytes(bytes) + " long, too much for the memory of this machine (" +
                    format_bytes(usable_memory()) + ")");
}

}  // namespace dpml
