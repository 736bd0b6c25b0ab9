#include "index_inputs.h"

#include "dpml/base/cases.h"

namespace dpml::config {

namespace {

class Walk {
 public:
  Walk(const Origins& origins, Problems& problems) : origins_(origins), problems_(problems) {}

  bool found_embedding() const { return found_; }

  /// Goes through the layers; whether the numbers behind them are others than the model's inputs.
  bool go(const std::vector<LayerSpec>& layers, bool computed) {
    for (const LayerSpec& layer : layers) {
      computed = std::visit(Cases{[&](const FlattenSpec&) { return computed; },
                                  [&](const SequentialSpec& inner) { return go(inner.layers, computed); },
                                  [&](const ResidualSpec& residual) {
                                    go(residual.body, computed);
                                    go(residual.shortcut, computed);
                                    return true;
                                  },
                                  [&](const Embedding::Options&) {
                                    meet(layer, computed);
                                    return true;
                                  },
                                  [](const auto&) { return true; }},
                            layer.kind);
    }
    return computed;
  }

 private:
  void meet(const LayerSpec& layer, bool computed) {
    if (!computed) {
      found_ = true;
      return;
    }
    problems_.add(origins_.nearest(join_path(layer.origin.field, "embedding")),
                  "wants whole numbers, the inputs of the model, but a layer before it computes others; put it first");
  }

  const Origins& origins_;
  Problems& problems_;
  bool found_ = false;
};

}  // namespace

bool takes_indices(const std::vector<LayerSpec>& layers, const Origins& origins, Problems& problems) {
  Walk walk(origins, problems);
  walk.go(layers, false);
  return walk.found_embedding();
}

}  // namespace dpml::config
