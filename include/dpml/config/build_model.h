#pragma once

#include <memory>

#include "dpml/config/model_spec.h"
#include "dpml/layers/layer.h"
#include "dpml/random/rng.h"

namespace dpml {

/// Fills in the sizes that follow from `sample_shape`, the shape of one input without the batch axis, and returns the
/// shape of the model's result for one sample. Throws ConfigError with one problem a line when layers do not fit.
Shape infer_sizes(ModelSpec& model, const Shape& sample_shape);

/// The model, its weights drawn from `init` layer by layer. Throws ConfigError as infer_sizes does.
std::unique_ptr<Layer> build_model(const ModelSpec& model, const Shape& sample_shape, Rng& init);

}  // namespace dpml
