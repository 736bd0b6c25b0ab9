#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/config/origin.h"

namespace dpml {

namespace config {
class ModuleKind;
}

/// What a layer is, with its options. Made by the functions of dpml/config/layer_kinds.h; nobody changes it.
using LayerKindHandle = std::shared_ptr<const config::ModuleKind>;

/// The weights of an earlier layer of the same list once more, in the place of a kind.
struct SharedWeights {
  enum class Use {
    again,  ///< that layer itself
    tied    ///< the map back from an embedding's features to its vocabulary (TiedLinear)
  };
  std::string layer;  ///< its name
  Use use = Use::again;
};

/// A layer before it exists: LayerSpec{.name = "fc1", .kind = kinds::linear({.out = 10})}.
struct LayerSpec {
  std::string name;     ///< within its list; empty: its place, "0", "1", ...
  bool frozen = false;  ///< none of its parameters is trained, nor those of the layers inside it
  LayerKindHandle kind;
  /// Whose results it takes: names of earlier layers of its list, or "input", what the list begins with. None: the
  /// layer before.
  std::vector<std::string> from;
  std::optional<SharedWeights> shared;  ///< instead of a kind
  Origin origin;                        ///< for messages; empty for a layer specified in C++
  std::string word;                     ///< for the kind, in configs; for messages, too
};

struct ModelSpec {
  std::vector<LayerSpec> layers;  ///< one after another, or where `from` says so; the last one's result is the model's
  /// Patterns (dpml/base/name_pattern.h) of the weights that are trained; none: all but those that are frozen or that
  /// `lora` adapts.
  std::vector<std::string> trainable;
};

}  // namespace dpml
