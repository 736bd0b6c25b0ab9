#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/config/origin.h"

namespace dpml {

namespace config {
class LayerKind;
}

/// What a layer is, with its options. Made by the functions of dpml/config/layer_kinds.h; nobody changes it.
using LayerKindHandle = std::shared_ptr<const config::LayerKind>;

/// A layer before it exists: LayerSpec{.name = "fc1", .kind = kinds::linear({.out = 10})}.
struct LayerSpec {
  std::string name;     ///< within its list; empty: its place, "0", "1", ...
  bool frozen = false;  ///< none of its parameters is trained, nor those of the layers inside it
  LayerKindHandle kind;
  Origin origin;     ///< for messages; empty for a layer specified in C++
  std::string word;  ///< for the kind, in configs; for messages, too
};

struct ModelSpec {
  std::vector<LayerSpec> layers;  ///< one after another
};

}  // namespace dpml
