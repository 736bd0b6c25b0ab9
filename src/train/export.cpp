#include "dpml/train/export.h"

#include <map>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/adapters.h"
#include "dpml/config/onnx_model.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"

namespace dpml {

std::vector<std::pair<std::string, std::string>> guarantee_metadata(const ModelFile& model) {
  std::vector<std::pair<std::string, std::string>> metadata{{"dpml_version", printable(model.dpml_version)},
                                                            {"epsilon", to_text(model.claim.epsilon)},
                                                            {"delta", to_text(model.claim.delta)},
                                                            {"neighbours", to_text(model.claim.neighbours)},
                                                            {"unit", printable(model.unit)},
                                                            {"accountant", printable(model.claim.accountant)},
                                                            {"initial_weights", to_text(model.initial_weights)},
                                                            {"record", digests_of(model).record}};
  std::string others;
  for (const ClaimOfOthers& claim : model.claims_of_others) {
    others += (others.empty() ? "" : "; ") + ("epsilon " + to_text(claim.claim.epsilon)) + " at delta " +
              to_text(claim.claim.delta) + " for the people of earlier runs, unit " + printable(claim.unit);
  }
  if (!others.empty()) metadata.emplace_back("claims_of_others", others);
  return metadata;
}

namespace {

std::map<std::string, Tensor> by_name(std::span<const NamedTensor> weights) {
  std::map<std::string, Tensor> found;
  for (const NamedTensor& weight : weights) found.emplace(weight.name, weight.value);
  return found;
}

}  // namespace

std::vector<NamedTensor> merged_weights(const ModelFile& model, const Experiment& experiment) {
  const std::map<std::string, Tensor> merged =
      merge_adapters(experiment.model, experiment.train.sample_shape, by_name(model.weights));
  std::vector<NamedTensor> weights;
  for (const NamedTensor& weight : model.weights) {
    const auto found = merged.find(weight.name);
    if (found != merged.end()) weights.push_back({weight.name, found->second});
  }
  return weights;
}

std::string onnx_of(const ModelFile& model, const std::filesystem::path& source) {
  const Experiment experiment = experiment_of(model, source);
  require_weights(model.weights, experiment, source.string());
  return onnx_model(experiment.model, experiment.train.sample_shape, experiment.train.dataset.scaling,
                    by_name(model.weights), guarantee_metadata(model));
}

}  // namespace dpml
