#include "index_inputs.h"

#include "layer_kinds/layer_kind.h"

namespace dpml::config {

bool IndexWalk::computes(const std::vector<LayerSpec>& layers, bool computed_before) {
  bool computed = computed_before;
  for (const LayerSpec& layer : layers) {
    layer_ = &layer;
    // What cannot be known of a layer that was refused is no second problem.
    if (layer.kind != nullptr) computed = layer.kind->computes(*this, computed);
  }
  return computed;
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
