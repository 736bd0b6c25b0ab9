#pragma once

#include <string>
#include <vector>

#include "dpml/config/model_spec.h"
#include "dpml/tensor/shape.h"

namespace dpml {

/// A weight before it exists.
struct WeightSize {
  std::string name;      ///< "fc1.weight", as named_parameters says
  Shape shape;           ///< in files (PyTorch's order of axes)
  bool is_kept = false;  ///< by `frozen`, or because it is a constant
  bool is_trained = true;
};

/// The weights of a low-rank adaptation, until export merges them into the weight that they adapt.
struct Adapter {
  std::string layer;  ///< begins the names of its weight, lora_A.weight and lora_B.weight: "fc1."
  double scale;
  bool output_first;  ///< of the weight's axes; else the input's is
};

/// What a model needs, known from its layers' numbers alone: nothing is allocated.
struct ModelSizes {
  std::vector<WeightSize> weights;  ///< in the order of the model
  std::vector<Adapter> adapters;
  Index parameters = 0;        ///< numbers in all of them, as count_parameters says
  Index recorded_numbers = 0;  ///< that one sample leaves on a tape, its input included (train/batch_layout.h)
};

/// Sizes that follow from `sample_shape` may be open in the layers. Throws ConfigError as infer_sizes does, and when
/// the numbers are too many to count.
ModelSizes model_sizes(const ModelSpec& model, const Shape& sample_shape);

}  // namespace dpml
