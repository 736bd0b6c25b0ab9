#include "wiring.h"

#include <algorithm>
#include <map>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/layers/graph.h"
#include "layer_kinds/layer_kind.h"

namespace dpml::config {

namespace {

class Reader {
 public:
  Reader(const std::vector<LayerSpec>& layers, const Origins* origins, Problems& problems)
      : layers_(layers), origins_(origins), problems_(problems) {
    for (std::size_t i = 0; i < layers.size(); ++i) places_.emplace(name_of(layers, i), i);
  }

  std::optional<Wiring> read() {
    Wiring wiring;
    std::vector<bool> is_taken(layers_.size() + 1, false);
    for (std::size_t place = 0; place < layers_.size(); ++place) {
      const LayerSpec& layer = layers_[place];
      Wiring::Node node{.owner = place, .inputs = {}};
      if (layer.shared) node.owner = owner_of(place).value_or(place);
      for (const std::string& from : layer.from) {
        if (const auto result = result_of(place, "from", from)) node.inputs.push_back(*result);
      }
      if (layer.from.empty()) node.inputs.push_back(place);
      for (const std::size_t input : node.inputs) is_taken[input] = true;
      wiring.is_chain = wiring.is_chain && !layer.shared && layer.from.empty();
      wiring.nodes.push_back(std::move(node));
    }
    if (!wiring.is_chain) check_graph(is_taken);
    if (has_problem_) return std::nullopt;
    return wiring;
  }

 private:
  void problem(std::size_t place, const std::string& field, const std::string& what) {
    has_problem_ = true;
    const Origin& of_layer = layers_[place].origin;
    const std::string path = field.empty() ? of_layer.field : join_path(of_layer.field, field);
    const Origin origin = origins_ == nullptr ? of_layer : origins_->nearest(path);
    problems_.add(origin, "layer \"" + name_of(layers_, place) + "\": " + what);
  }

  /// Absent after a problem.
  std::optional<std::size_t> result_of(std::size_t place, const std::string& field, const std::string& name) {
    if (name == Graph::kInput) return 0;
    const auto found = places_.find(name);
    if (found != places_.end() && found->second < place) return found->second + 1;
    if (found != places_.end()) {
      problem(place, field,
              found->second == place ? "takes its own result; name an earlier layer, or \"input\""
                                     : "takes \"" + name + "\", which comes later; move that layer up");
      return std::nullopt;
    }
    std::vector<std::string> known{Graph::kInput};
    for (std::size_t i = place - std::min(place, kMostNames); i < place; ++i) known.push_back(name_of(layers_, i));
    problem(place, field,
            "takes \"" + printable(name) + "\", but no layer of its list is called so; before it stand " +
                list_words(known, " and "));
    return std::nullopt;
  }

  std::optional<std::size_t> owner_of(std::size_t place) {
    const SharedWeights& shared = *layers_[place].shared;
    const std::string field = join_path(layers_[place].word, "layer");
    if (shared.layer == Graph::kInput) {
      problem(place, field, "has the weights of \"input\", which is no layer; name a layer");
      return std::nullopt;
    }
    const auto result = result_of(place, field, shared.layer);
    if (!result) return std::nullopt;
    const LayerSpec& owner = layers_[*result - 1];
    if (!owner.shared) return *result - 1;
    problem(place, field,
            "has the weights of \"" + shared.layer + "\", which has those of \"" + owner.shared->layer +
                "\"; name that layer");
    return std::nullopt;
  }

  void check_graph(const std::vector<bool>& is_taken) {
    for (std::size_t place = 0; place < layers_.size(); ++place) {
      if (name_of(layers_, place) == Graph::kInput) {
        problem(place, "name", "\"input\" is what the list begins with; rename the layer");
      }
      const bool is_last = place + 1 == layers_.size();
      if (!is_last && !is_taken[place + 1] && !has_problem_) {
        problem(place, "", "no later layer takes its result; name it in a `from`, or leave the layer out");
      }
    }
  }

  static constexpr std::size_t kMostNames = 9;  // that a message tells

  const std::vector<LayerSpec>& layers_;
  std::map<std::string, std::size_t> places_;  // by name
  const Origins* origins_;
  Problems& problems_;
  bool has_problem_ = false;
};

}  // namespace

std::string name_of(const std::vector<LayerSpec>& layers, std::size_t place) {
  return layers[place].name.empty() ? std::to_string(place) : layers[place].name;
}

LayerKindHandle kind_in(const std::vector<LayerSpec>& layers, std::size_t place, const Wiring::Node& node) {
  const LayerKindHandle& kind = layers[node.owner].kind;
  if (kind == nullptr || !layers[place].shared) return kind;
  switch (layers[place].shared->use) {
    case SharedWeights::Use::again:
      return kind;
    case SharedWeights::Use::tied:
      return kind->tied();
  }
  throw InternalError("SharedWeights::Use: not one of the enumerated values");
}

std::size_t count_layers(const std::vector<LayerSpec>& layers) {
  std::size_t count = 0;
  for (const LayerSpec& layer : layers) {
    count += layer.kind == nullptr ? 1 : layer.kind->layer_count();
    if (count > kMostLayers) return kMostLayers + 1;
  }
  return count;
}

std::optional<Wiring> Wiring::find(const std::vector<LayerSpec>& layers, const Origins* origins, Problems& problems) {
  return Reader(layers, origins, problems).read();
}

Wiring Wiring::of(const std::vector<LayerSpec>& layers) {
  Problems none;
  const std::optional<Wiring> found = find(layers, nullptr, none);
  DPML_ASSERT(found.has_value());
  return *found;
}

}  // namespace dpml::config
