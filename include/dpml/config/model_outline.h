#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/config/model_spec.h"
#include "dpml/tensor/shape.h"

namespace dpml {

/// A layer or merge of a model, before it exists.
struct OutlineRow {
  std::string name;  ///< "block.0", as the names of its weights begin
  std::string kind;  ///< its word in configs, "repeat" of several, "lora" of what adapts; empty for a layer of C++
  std::string weights_of;                ///< the earlier layer of its list whose weights it has (SharedWeights)
  std::vector<std::string> from;         ///< as in LayerSpec; empty: the layer before
  std::optional<std::size_t> container;  ///< place of the row that it is inside
  std::size_t depth = 0;                 ///< how many containers it is inside
  /// Places of the rows whose results it takes; no place: what its list begins with.
  std::vector<std::optional<std::size_t>> inputs;
  /// The same of what its own result is made of, one for each list inside it. Those of a layer with the weights of
  /// another are not told again.
  std::vector<std::optional<std::size_t>> ends;
  Shape output;
  bool frozen = false;         ///< as in LayerSpec
  Index parameters = 0;        ///< with those of the layers inside it; shared ones count where they belong
  Index trained = 0;           ///< of them
  Index recorded_numbers = 0;  ///< that one sample leaves on a tape in it
};

/// What a model is made of. Rows stand in the order of the model, what is inside a row behind it.
struct ModelOutline {
  Shape input;
  std::vector<OutlineRow> rows;
  Index parameters = 0;        ///< as ModelSizes has it
  Index trained = 0;           ///< of them
  Index recorded_numbers = 0;  ///< as ModelSizes has it, the input included
};

/// "tied_linear of tokens", "conv2d, frozen".
std::string kind_text(const OutlineRow& row);

/// Nothing is allocated. Throws as model_sizes does.
ModelOutline model_outline(const ModelSpec& model, const Shape& sample_shape);

}  // namespace dpml
