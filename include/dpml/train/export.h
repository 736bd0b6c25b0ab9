#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "dpml/config/experiment.h"
#include "dpml/io/model_file.h"

namespace dpml {

/// What exported weights say of their guarantee, since only model.h5 holds what it rests on: dpml_version, epsilon
/// ("inf" for none), delta, neighbours, unit, accountant, initial_weights, the record digest of the model file as
/// "record" and, where there are other claims, "claims_of_others" in words.
std::vector<std::pair<std::string, std::string>> guarantee_metadata(const ModelFile& model);

/// The weights as other programs take them: adapters (`lora`) are added to what they adapt. `experiment` is the
/// model's.
std::vector<NamedTensor> merged_weights(const ModelFile& model, const Experiment& experiment);

/// The model as an ONNX file (dpml/config/onnx_model.h), with that as metadata; its input are the numbers of the data
/// files, so config's data.normalise is a part of it. `source` is what the model file is called. Throws ConfigError
/// as experiment_of does, and when ONNX has no form for a layer.
std::string onnx_of(const ModelFile& model, const std::filesystem::path& source);

}  // namespace dpml
