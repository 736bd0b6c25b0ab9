#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dpml/config/model_outline.h"
#include "dpml/config/model_sizes.h"
#include "wiring.h"

namespace dpml::config {

/// Goes through layers whose sizes are all known, as named_parameters and a forward pass do, and adds up. Each layer
/// tells of itself in LayerKind::count. Where an outline is wanted, each gets its row.
class SizeCounter {
 public:
  /// `trainable` as in ModelSpec; must outlive the counter, as `rows`.
  explicit SizeCounter(ModelSizes& sizes, std::span<const std::string> trainable = {},
                       std::vector<OutlineRow>* rows = nullptr)
      : sizes_(sizes), trainable_(trainable), rows_(rows) {}

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
  /// A layer with one weight and what adapts it (Lora), on the same input; returns the shape of the result.
  Shape adapted(const ModuleKind& base, const std::vector<LayerSpec>& adapter, double scale, bool output_first,
                const Shape& in);

 private:
  /// What holds for the layer that is counted.
  struct Place {
    std::string prefix;  // of its weights' names
    bool is_frozen = false;
    bool is_adapted = false;      // by lora, so trained only where a pattern says so
    bool is_shared = false;       // its weights were counted where they belong
    bool wants_gradient = false;  // a gradient reaches its input, and later its result
    std::optional<std::size_t> row;
  };
  struct Result {
    Shape shape;
    bool wants_gradient;
    std::optional<std::size_t> row;  // whose result it is; none: what the list begins with, or no row is wanted
  };

  Result result_of(const std::vector<LayerSpec>& layers, std::size_t place, const Wiring::Node& node,
                   const std::vector<Result>& inputs, const Place& outer);
  Shape go(const std::vector<LayerSpec>& layers, const Place& outer, const Shape& in);

  void add(const std::string& name, const Shape& shape, bool is_kept, bool is_trained);

  std::optional<std::size_t> add_row(const std::vector<LayerSpec>& layers, std::size_t place, const Wiring::Node& node,
                                     const std::vector<Result>& inputs, const Place& outer);

  ModelSizes& sizes_;
  std::span<const std::string> trainable_;
  std::vector<OutlineRow>* rows_;
  Place place_;
};

/// Of a whole model whose sizes are known. Throws ConfigError for one with too many numbers to count.
ModelSizes sizes_of_fitted(const ModelSpec& model, const Shape& sample_shape, std::vector<OutlineRow>* rows = nullptr);

/// Of any, as model_sizes says; its outline goes to `rows` where they are wanted.
ModelSizes counted_sizes(const ModelSpec& model, const Shape& sample_shape, std::vector<OutlineRow>* rows = nullptr);

/// How many numbers of the weights are trained.
Index trained_of(std::span<const WeightSize> weights);

}  // namespace dpml::config
