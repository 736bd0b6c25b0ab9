#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"

namespace dpml {

/// What PyTorch computed, in float64.
struct GoldenNumbers {
  Shape shape;
  std::vector<double> values;
};

/// Of the clipped sum: one weight's part of it.
struct GoldenWeightSum {
  std::string name;
  double float32;              ///< how far PyTorch's own float32 is away, of the sum's length; 1 for a sum of zeros
  std::vector<double> values;  ///< row-major in PyTorch's order of axes
};

/// Gradients of the weights that are trained.
struct GoldenGradients {
  std::vector<std::string> trainable;  ///< patterns; none: what the model says without them
  std::vector<double> norms;           ///< of each sample's gradient
  std::vector<double> float32_norms;   ///< how far PyTorch's own float32 is away, of the gradient's length
  double clip_bound;
  double float32_sum;  ///< as float32_norms, of the clipped sum
  std::vector<GoldenWeightSum> clipped_sum;
};

struct GoldenWeight {
  std::string name;
  Tensor value;
};

/// A file of tests/networks/golden; README.md there says what its fields are.
struct GoldenNetwork {
  std::string model;  ///< what stands in `model { }` of a config
  Shape sample_shape;
  LossOptions loss;
  Tensor inputs;
  Tensor labels;
  std::vector<GoldenWeight> weights;
  GoldenNumbers predictions;
  std::vector<double> losses;
  std::vector<GoldenGradients> gradients;  ///< of all weights, then of a subset
};

std::vector<std::string> golden_network_names();  ///< in order
GoldenNetwork read_golden_network(const std::string& name);

/// As a config builds it, with the file's weights.
std::unique_ptr<Layer> build_golden(const GoldenNetwork& golden, const GoldenGradients& gradients);

}  // namespace dpml
