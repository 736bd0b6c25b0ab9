#include <algorithm>
#include <set>

#include "layer_kinds/kinds.h"
#include "readers.h"

namespace dpml::config {

namespace {

bool is_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), fits);
}

LayerSpec read_layer(const Section& section) {
  LayerSpec layer;
  layer.origin = section.origin();
  layer.name = section.any_text("name");
  if (section.states("name") && !is_name(layer.name)) {
    section.problem("name", "is no name for a layer; state a letter, then letters, digits, _ or -");
  }
  layer.frozen = section.flag("frozen");
  layer.word = section.required_choice("kind");
  const auto read = meaning_of(section, "kind", layer.word, kLayerWords);
  if (read) layer.kind = (*read)(section.block(layer.word));
  return layer;
}

}  // namespace

std::vector<LayerSpec> read_layers(const Section& list) {
  std::vector<LayerSpec> layers;
  std::set<std::string> names;
  for (const Section& section : list.blocks("layer")) {
    layers.push_back(read_layer(section));
    const std::string& name = layers.back().name;
    if (!name.empty() && !names.insert(name).second) {
      section.problem("name", "another layer of the list is called " + name + ", too; rename one");
    }
  }
  if (layers.empty()) list.missing("layer", "at least one layer { ... }");
  return layers;
}

ModelSpec read_model(const Section& model) {
  return {read_layers(model)};
}

}  // namespace dpml::config
