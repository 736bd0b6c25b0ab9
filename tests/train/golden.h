#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/io/named_tensor.h"
#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"
#include "dpml/optim/options.h"

namespace dpml {

/// A weight-shaped result of PyTorch: its numbers in double, in the axis order of files.
struct GoldenTensor {
  std::string name;
  std::vector<double> values;
};

/// Weights after some steps of one optimizer.
struct GoldenRun {
  OptimizerOptions optimizer;
  std::uint64_t steps;
  std::vector<GoldenTensor> weights;
};

/// A file of tests/golden, whose README says what the fields are. Images are turned to channels last.
struct Golden {
  Loss loss;
  Tensor inputs;
  Tensor labels;
  std::vector<NamedTensor> initial_weights;
  std::vector<double> losses;
  std::vector<double> gradient_norms;
  std::vector<GoldenTensor> gradient_sum;
  double clip_bound;
  std::vector<GoldenTensor> clipped_sum;
  double expected_batch_size;
  std::vector<GoldenRun> runs;
};

Golden read_golden(const std::string& name);

/// The model of the golden file `name`, with its initial weights.
std::unique_ptr<Layer> golden_model(const std::string& name, const Golden& golden);

}  // namespace dpml
