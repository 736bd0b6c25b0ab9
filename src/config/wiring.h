#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/config/model_spec.h"
#include "origins.h"
#include "problems.h"

namespace dpml::config {

/// How the layers of a list hang together. Walks go through `nodes`, keep what they know of each result, and pick from
/// it what a layer takes.
struct Wiring {
  struct Node {
    std::size_t owner;                ///< place of the layer whose weights it has: its own, or an earlier one
    std::vector<std::size_t> inputs;  ///< 0: what the list begins with; i + 1: the result of layer i
  };
  std::vector<Node> nodes;  ///< one for each layer
  bool is_chain = true;     ///< each layer takes the one before, with weights of its own

  /// Tells every `from` and every shared weight that means nothing, and results that nobody takes; absent then.
  static std::optional<Wiring> find(const std::vector<LayerSpec>& layers, const Origins* origins, Problems& problems);
  /// Of layers of which that was said.
  static Wiring of(const std::vector<LayerSpec>& layers);
};

/// The layer's name, or its place.
std::string name_of(const std::vector<LayerSpec>& layers, std::size_t place);

/// The kind that stands in the place of a layer; nullptr where its owner has none, or none that can be used so.
LayerKindHandle kind_in(const std::vector<LayerSpec>& layers, std::size_t place, const Wiring::Node& node);

/// Of a whole model, repeated ones counted as often as they stand in it.
inline constexpr std::size_t kMostLayers = 100'000;

/// The sum over a list, cut off a little beyond kMostLayers.
std::size_t count_layers(const std::vector<LayerSpec>& layers);

/// What a node takes, of the results so far.
template <class Result>
std::vector<Result> inputs_of(const Wiring::Node& node, const std::vector<Result>& results) {
  std::vector<Result> inputs;
  for (const std::size_t i : node.inputs) inputs.push_back(results[i]);
  return inputs;
}

}  // namespace dpml::config
