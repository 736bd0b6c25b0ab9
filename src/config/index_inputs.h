#pragma once

#include <vector>

#include "dpml/config/model_spec.h"
#include "origins.h"
#include "problems.h"

namespace dpml::config {

/// Goes through the layers of a model and asks which of them take the inputs of the model for indices. One that would
/// get numbers which another layer computed becomes a problem, as Layer::input_rule makes it an error.
class IndexWalk {
 public:
  IndexWalk(const Origins& origins, Problems& problems) : origins_(origins), problems_(problems) {}

  /// Whether the numbers behind the layers are others than the model's inputs, given whether those before them are.
  bool computes(const std::vector<LayerSpec>& layers, bool computed_before);
  /// For a layer that takes indices, from within LayerKind::computes.
  void meet_indices(bool computed_before);

  bool found_indices() const { return found_; }

 private:
  const Origins& origins_;
  Problems& problems_;
  const LayerSpec* layer_ = nullptr;
  bool found_ = false;
};

}  // namespace dpml::config
