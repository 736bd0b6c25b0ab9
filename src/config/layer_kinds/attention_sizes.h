#pragma once

#include <array>
#include <vector>

#include "dpml/config/model_sizes.h"
#include "dpml/layers/multihead_attention.h"

namespace dpml::config {

/// In the order of named_parameters. Throws ShapeError for more numbers than can be counted, as the other one does.
std::vector<WeightSize> attention_weights(const MultiheadAttention::Options& options);

/// What attention keeps for its backward pass beside results: queries, keys and values, and the shares of every head.
std::array<Shape, 2> attention_kept(const MultiheadAttention::Options& options, const Shape& in);

}  // namespace dpml::config
