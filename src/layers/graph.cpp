#include "dpml/layers/graph.h"

#include <algorithm>
#include <utility>

#include "child_name.h"
#include "dpml/base/cases.h"
#include "dpml/base/error.h"

namespace dpml {

std::size_t Graph::result_of(const std::string& from) const {
  if (from.empty()) return nodes_.size();
  if (from == kInput) return 0;
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == from; });
  if (found != nodes_.end()) return static_cast<std::size_t>(found - nodes_.begin()) + 1;
  throw ConfigError(place() + ": no node \"" + from + "\" was added before; expected the name of one, or " + kInput);
}

Graph::Node& Graph::append(const std::string& name, std::vector<std::size_t> inputs) {
  if (name.empty() || name == kInput || name.find('.') != std::string::npos) {
    throw ConfigError(place() + ": \"" + name + "\" cannot be the name of a node; expected one without dots, not " +
                      kInput);
  }
  const auto same_name = [&](const Node& node) { return node.name == name; };
  if (std::any_of(nodes_.begin(), nodes_.end(), same_name)) {
    throw ConfigError(place() + ": there is a node \"" + name + "\" already; names must differ");
  }
  return nodes_.emplace_back(Node{name, Again{}, std::move(inputs)});
}

Layer& Graph::add(const std::string& name, std::unique_ptr<Layer> layer, const std::string& from) {
  if (layer == nullptr) throw ConfigError(place() + ": the layer of node \"" + name + "\" is missing");
  Node& node = append(name, {result_of(from)});
  Layer& added = *layer;
  added.set_name(path_of(this->name(), name));
  node.what = std::move(layer);
  return added;
}

Merge& Graph::add(const std::string& name, std::unique_ptr<Merge> merge, const std::vector<std::string>& from) {
  if (merge == nullptr) throw ConfigError(place() + ": the merge of node \"" + name + "\" is missing");
  std::vector<std::size_t> inputs;
  for (const std::string& one : from) inputs.push_back(result_of(one));
  Node& node = append(name, std::move(inputs));
  Merge& added = *merge;
  added.set_name(path_of(this->name(), name));
  node.what = std::move(merge);
  return added;
}

void Graph::again(const std::string& name, const std::string& layer, const std::string& from) {
  this->layer(layer);
  const std::size_t meant = result_of(layer) - 1;
  append(name, {result_of(from)}).what = Again{meant};
}

const Layer& Graph::layer(const std::string& name) const {
  const std::size_t result = name.empty() ? 0 : result_of(name);
  const Layer* found = result == 0 ? nullptr : layer_of(nodes_[result - 1]);
  if (found == nullptr) throw ConfigError(place() + ": node \"" + name + "\" is no layer");
  return *found;
}

const Layer* Graph::layer_of(const Node& node) const {
  return std::visit(Cases{[](const std::unique_ptr<Layer>& layer) -> const Layer* { return layer.get(); },
                          [](const std::unique_ptr<Merge>&) -> const Layer* { return nullptr; },
                          [&](const Again& again) { return layer_of(nodes_[again.node]); }},
                    node.what);
}

Module* Graph::owned(const Node& node) const {
  return std::visit(Cases{[](const std::unique_ptr<Layer>& layer) -> Module* { return layer.get(); },
                          [](const std::unique_ptr<Merge>& merge) -> Module* { return merge.get(); },
                          [](const Again&) -> Module* { return nullptr; }},
                    node.what);
}

/// Node by node, from what stands for the input to what stands for the result.
template <class Result, class OfLayer, class OfMerge>
Result Graph::walk(Result input, OfLayer&& of_layer, OfMerge&& of_merge) const {
  std::vector<Result> results{std::move(input)};
  for (const Node& node : nodes_) {
    std::vector<Result> in;
    for (const std::size_t i : node.inputs) in.push_back(results[i]);
    const Layer* layer = layer_of(node);
    results.push_back(layer != nullptr ? of_layer(*layer, in[0])
                                       : of_merge(*std::get<std::unique_ptr<Merge>>(node.what), in));
  }
  return results.back();
}

Value Graph::forward(Tape& tape, const Value& x) const {
  return walk(
      x, [&](const Layer& layer, const Value& in) { return layer.forward(tape, in); },
      [&](const Merge& merge, const std::vector<Value>& in) { return merge.forward(tape, in); });
}

Shape Graph::output_shape(const Shape& sample) const {
  return walk(
      sample, [](const Layer& layer, const Shape& in) { return layer.output_shape(in); },
      [](const Merge& merge, const std::vector<Shape>& in) { return merge.output_shape(in); });
}

namespace {

bool merge_keeps(const Merge& merge, const std::vector<bool>& kept) {
  return merge.keeps_numbers() && std::all_of(kept.begin(), kept.end(), [](bool one) { return one; });
}

}  // namespace

NumberRule Graph::input_rule() const {
  NumberRule rule = AnyNumber{};
  walk(
      true,
      [&](const Layer& layer, bool kept) {
        const NumberRule wanted = layer.input_rule();
        if (kept) {
          rule = both(rule, wanted);
        } else if (!std::holds_alternative<AnyNumber>(wanted)) {
          throw ConfigError(layer.place() + ": its input must be " + to_text(wanted) +
                            " everywhere, but a layer before it computes other numbers; let it take the input");
        }
        return kept && layer.keeps_numbers();
      },
      merge_keeps);
  return rule;
}

bool Graph::keeps_numbers() const {
  return walk(
      true, [](const Layer& layer, bool kept) { return kept && layer.keeps_numbers(); }, merge_keeps);
}

void Graph::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  for (const Node& node : nodes_) {
    if (Module* module = owned(node)) module->collect_parameters(prefix + node.name + ".", into);
  }
}

void Graph::set_name(std::string name) {
  Layer::set_name(std::move(name));
  for (const Node& node : nodes_) {
    if (Module* module = owned(node)) module->set_name(path_of(this->name(), node.name));
  }
}

}  // namespace dpml
