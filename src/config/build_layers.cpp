#include "build_layers.h"

#include <utility>

#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "dpml/layers/graph.h"
#include "dpml/layers/sequential.h"
#include "layer_kinds/layer_kind.h"
#include "wiring.h"

namespace dpml::config {

namespace {

void add_layer(const LayerSpec& spec, Sequential& chain, Rng& init) {
  chain.add(std::get<std::unique_ptr<Layer>>(spec.kind->built(init)), spec.name);
}

void add_node(const std::vector<LayerSpec>& layers, std::size_t place, const Wiring::Node& node, Graph& graph,
              Rng& init) {
  const LayerSpec& spec = layers[place];
  const std::string name = name_of(layers, place);
  std::vector<std::string> from;
  for (const std::size_t i : node.inputs) from.push_back(i == 0 ? Graph::kInput : name_of(layers, i - 1));
  if (spec.shared) {
    switch (spec.shared->use) {
      case SharedWeights::Use::again:
        return graph.again(name, spec.shared->layer, from[0]);
      case SharedWeights::Use::tied:
        graph.add(name, layers[node.owner].kind->build_tied(graph.layer(spec.shared->layer)), from[0]);
        return;
    }
    throw InternalError("SharedWeights::Use: not one of the enumerated values");
  }
  std::visit(Cases{[&](std::unique_ptr<Layer>&& layer) { graph.add(name, std::move(layer), from[0]); },
                   [&](std::unique_ptr<Merge>&& merge) { graph.add(name, std::move(merge), from); }},
             spec.kind->built(init));
}

}  // namespace

std::unique_ptr<Layer> build_layers(const std::vector<LayerSpec>& layers, Rng& init) {
  const Wiring wiring = Wiring::of(layers);
  auto chain = std::make_unique<Sequential>();
  auto graph = std::make_unique<Graph>();
  for (std::size_t place = 0; place < layers.size(); ++place) {
    try {
      if (wiring.is_chain) {
        add_layer(layers[place], *chain, init);
      } else {
        add_node(layers, place, wiring.nodes[place], *graph, init);
      }
    } catch (const ConfigError& error) {
      const std::string origin = to_text(layers[place].origin);
      throw ConfigError(origin + (origin.empty() ? "" : ": ") + error.what());
    }
  }
  if (wiring.is_chain) return chain;
  return graph;
}

}  // namespace dpml::config
