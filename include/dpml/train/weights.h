#pragma once

#include <span>
#include <string>
#include <vector>

#include "dpml/config/experiment.h"
#include "dpml/io/model_file.h"
#include "dpml/io/named_tensor.h"
#include "dpml/layers/layer.h"

namespace dpml {

/// All weights of a model by name, in the axis order of files (PyTorch's).
std::vector<NamedTensor> named_weights(Layer& model);

/// Puts them into a model that has exactly these weights. Throws ConfigError naming every weight that is missing, not
/// known or of another shape; the model is unchanged then. `source` says where they came from.
void load_weights(Layer& model, std::span<const NamedTensor> weights, const std::string& source);

/// Whether they are exactly the weights of the config's model, which is not built for it. Throws ConfigError as
/// load_weights does.
void require_weights(std::span<const NamedTensor> weights, const Experiment& experiment, const std::string& source);

/// The WeightsCheck (dpml/io/model_file.h) of everything here that reads a model: weights of a size that counts have to
/// be those of the config's model, and where no config describes it they have to fit into the memory. Small ones pass,
/// whoever uses them compares. Throws ConfigError.
void require_believable_weights(const std::string& config, std::uint64_t format_version,
                                std::span<const NamedShape> weights);

}  // namespace dpml
