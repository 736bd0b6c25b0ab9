#pragma once

#include "dpml/layers/layer.h"
#include "dpml/layers/row_schema.h"

namespace dpml {

/// Tries whether samples stay apart in a model: three made-up samples go forward and back, again and again, while one
/// of them has large numbers, or NaN in whatever is computed of it. Throws SampleMixingError, naming the layer or
/// operation, when anything that belongs to the others changes by a bit: values, gradients, per-sample gradients of
/// weights, constants. Training does this before anything is released. A trial is no proof: code that mixes samples now
/// and then can pass it; check_layer of dpml/testing.h looks harder.
void require_samples_apart(Layer& model, const RowSchema& schema);

}  // namespace dpml
