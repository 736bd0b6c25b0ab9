#include "index_inputs.h"

#include "layer_kinds/layer_kind.h"
#include "wiring.h"

namespace dpml::config {

bool IndexWalk::computes(const std::vector<LayerSpec>& layers, bool computed_before) {
  Problems told;
  const std::optional<Wiring> wiring = Wiring::find(layers, &origins_, told);
  // What cannot be known of layers that were refused is no second problem.
  if (!wiring) return true;
  std::vector<bool> computed{computed_before};
  for (std::size_t place = 0; place < layers.size(); ++place) {
    const Wiring::Node& node = wiring->nodes[place];
    layer_ = &layers[place];
    const LayerKindHandle kind = kind_in(layers, place, node);
    computed.push_back(kind == nullptr || kind->is_merge() != (node.inputs.size() > 1)
                           ? computed[node.inputs[0]]
                           : kind->computes_of(*this, inputs_of(node, computed)));
  }
  return computed.back();
}

void IndexWalk::meet_indices(bool computed_before) {
  if (!computed_before) {
    found_ = true;
    return;
  }
  problems_.add(origins_.nearest(join_path(layer_->origin.field, layer_->word)),
                "wants whole numbers, the inputs of the model, but a layer before it computes others; put it first");
}

}  // namespace dpml::config
