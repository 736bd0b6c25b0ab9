#pragma once

#include <string>
#include <vector>

#include "dpml/config/model_sizes.h"

namespace dpml::config {

/// Goes through layers whose sizes are all known, as named_parameters and a forward pass do, and adds up. Each layer
/// tells of itself in LayerKind::count.
class SizeCounter {
 public:
  explicit SizeCounter(ModelSizes& sizes) : sizes_(sizes) {}

  /// A weight of the layer that is counted; the shape is that in files.
  void weight(const std::string& name, const Shape& shape);
  /// One that is never trained.
  void constant(const std::string& name, const Shape& shape);
  /// One operation, whose result stays on the tape when a gradient comes by. Returns the shape.
  Shape recorded(const Shape& result);
  /// What Tape::count_kept counts.
  void kept(const Shape& numbers) { recorded(numbers); }

  /// Layers inside the layer that is counted, their names behind its own; returns the shape of the result.
  Shape inside(const std::vector<LayerSpec>& layers, const Shape& in);
  /// Two lists that begin at the same input, the second may be empty; returns the shape of the first one's result.
  Shape beside(const std::vector<LayerSpec>& first, const std::string& first_name, const std::vector<LayerSpec>& second,
               const std::string& second_name, const Shape& in);

 private:
  /// What holds for the layer that is counted.
  struct Place {
    std::string prefix;  // of its weights' names
    bool is_frozen = false;
    bool is_shared = false;       // its weights were counted where they belong
    bool wants_gradient = false;  // a gradient reaches its input, and later its result
  };

  Shape go(const std::vector<LayerSpec>& layers, const Place& outer, const Shape& in);

  ModelSizes& sizes_;
  Place place_;
};

}  // namespace dpml::config
