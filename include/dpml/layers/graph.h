#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "dpml/layers/layer.h"

namespace dpml {

/// Layers and merges whose results are taken by name: branches, shortcuts, one layer in several places.
///
///   graph.add("stem", std::make_unique<Linear>(...));
///   graph.add("left", std::make_unique<Linear>(...));
///   graph.add("right", std::make_unique<Linear>(...), "stem");
///   graph.add("sum", std::make_unique<Add>(), {"left", "right"});
///
/// The result is that of the last node. Parameters are named "node.parameter"; those of a layer that stands in several
/// places are one, whose per-sample gradients are the sums over its places.
class Graph final : public Layer {
 public:
  static constexpr const char* kInput = "input";  ///< the graph's own input

  /// Appends a layer on the result of the node `from`; left out: on that of the node before, or the input. Throws
  /// ConfigError when there is no layer, when the name is empty, taken, kInput or holds a dot, and when no node before
  /// is called `from`.
  Layer& add(const std::string& name, std::unique_ptr<Layer> layer, const std::string& from = "");
  /// The same of two or more results.
  Merge& add(const std::string& name, std::unique_ptr<Merge> merge, const std::vector<std::string>& from);
  /// The layer of the node `layer` once more, with the same weights.
  void again(const std::string& name, const std::string& layer, const std::string& from = "");

  /// The layer of a node. Throws ConfigError when it has none.
  const Layer& layer(const std::string& name) const;

  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override;
  NumberRule input_rule() const override;
  bool keeps_numbers() const override;
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Graph"; }
  void set_name(std::string name) override;

 private:
  /// Whose layer it is, when not its own.
  struct Again {
    std::size_t node;
  };
  struct Node {
    std::string name;
    std::variant<std::unique_ptr<Layer>, std::unique_ptr<Merge>, Again> what;
    std::vector<std::size_t> inputs;  // 0: the graph's input; i + 1: the result of node i
  };

  std::size_t result_of(const std::string& from) const;
  Node& append(const std::string& name, std::vector<std::size_t> inputs);
  const Layer* layer_of(const Node& node) const;  // nullptr: a merge
  Module* owned(const Node& node) const;          // nullptr: again
  template <class Result, class OfLayer, class OfMerge>
  Result walk(Result input, OfLayer&& of_layer, OfMerge&& of_merge) const;

  std::vector<Node> nodes_;
};

}  // namespace dpml
