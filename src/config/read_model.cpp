#include <algorithm>
#include <set>

#include "dpml/base/cases.h"
#include "dpml/base/text.h"
#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"
#include "readers.h"
#include "wiring.h"

namespace dpml::config {

namespace {

std::string too_many_layers() {
  return "makes more than " + group_digits(kMostLayers) + " layers; make the model smaller";
}

bool is_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), fits);
}

void adapt(const Section& section, LayerSpec& layer) {
  const LoraOptions options = read_lora(section.block("lora"));
  if (layer.frozen)
    section.problem("lora", "trains what adapts the layer, but `frozen` keeps all of it; leave one out");
  if (layer.shared || (layer.kind != nullptr && layer.kind->is_merge())) {
    section.problem("lora", "is for layers with one input and weights of their own; leave it out");
  } else if (layer.kind != nullptr) {
    layer.kind = kinds::lora(options, layer.kind);
  }
}

/// `repeat` such layers, one on the result of the other.
void repeat(const Section& section, LayerSpec& layer) {
  constexpr WholeRange kRepeat{1, 1000};
  const Index count = section.whole_number("repeat", kRepeat);
  if (count <= 1 || (layer.kind == nullptr && !layer.shared)) return;
  if (layer.shared || layer.kind->is_merge()) {
    section.problem("repeat", "is for layers with one input and weights of their own; leave it out");
    return;
  }
  if (layer.kind->layer_count() > kMostLayers / static_cast<std::size_t>(count)) {
    section.problem("repeat", too_many_layers());
    layer.kind = nullptr;
    return;
  }
  const LayerSpec one{.kind = layer.kind, .origin = layer.origin, .word = layer.word};
  layer.kind = kinds::sequential(std::vector<LayerSpec>(static_cast<std::size_t>(count), one));
  layer.word = "repeat";
}

LayerSpec read_layer(const Section& section) {
  LayerSpec layer;
  layer.origin = section.origin();
  layer.name = section.any_text("name");
  if (section.states("name") && !is_name(layer.name)) {
    section.problem("name", "is no name for a layer; state a letter, then letters, digits, _ or -");
  }
  layer.frozen = section.flag("frozen");
  layer.from = section.texts("from");
  layer.word = section.required_choice("kind");
  const auto read = meaning_of(section, "kind", layer.word, kLayerWords);
  if (!read) return layer;
  const Section block = section.block(layer.word);
  std::visit(Cases{[&](ReadKind read_kind) { layer.kind = read_kind(block); },
                   [&](ReadShared read_shared) { layer.shared = read_shared(block); }},
             *read);
  if (layer.shared && layer.frozen) {
    section.problem("frozen", "stands beside the weights of another layer; state it there");
  }
  if (section.states("lora")) adapt(section, layer);
  repeat(section, layer);
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
  if (count_layers(layers) > kMostLayers) {
    list.problem("layer", too_many_layers());
    return {};
  }
  Wiring::find(layers, &list.origins(), list.problems());
  return layers;
}

ModelSpec read_model(const Section& model) {
  return {.layers = read_layers(model), .trainable = model.texts("trainable")};
}

}  // namespace dpml::config
