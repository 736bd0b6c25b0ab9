#pragma once

#include <string>
#include <variant>
#include <vector>

#include "dpml/config/origin.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/dropout.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/group_norm.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"

namespace dpml {

struct LayerSpec;

enum class Activation { relu, tanh, gelu, sigmoid };

struct FlattenSpec {};

struct SequentialSpec {
  std::vector<LayerSpec> layers;
};

struct ResidualSpec {
  std::vector<LayerSpec> body;
  std::vector<LayerSpec> shortcut;  ///< empty: the input itself
};

/// A layer before it exists. Sizes that follow from the shape of its input may be 0 (an empty shape for LayerNorm):
/// Linear in, Conv2d in_channels, GroupNorm channels, LayerNorm normalized (its last axis then).
struct LayerSpec {
  std::string name;     ///< within its list; empty: its place, "0", "1", ...
  bool frozen = false;  ///< none of its parameters is trained, nor those of the layers inside it
  std::variant<Activation, FlattenSpec, Linear::Options, Conv2d::Options, MaxPool2d::Options, AvgPool2d::Options,
               Embedding::Options, GroupNorm::Options, LayerNorm::Options, Dropout::Options, SequentialSpec,
               ResidualSpec>
      kind;
  Origin origin;  ///< for messages; empty for a layer specified in C++
};

struct ModelSpec {
  std::vector<LayerSpec> layers;  ///< one after another
};

}  // namespace dpml
