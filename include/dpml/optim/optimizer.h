#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dpml/autograd/parameter.h"
#include "dpml/dpsgd/gaussian_mechanism.h"
#include "dpml/optim/options.h"

namespace dpml {

/// A tensor of an optimizer's memory, for checkpoints: "momentum.0" belongs to the first trainable parameter.
struct OptimizerState {
  std::string name;
  Tensor value;
};

/// Post-processing of noisy gradients; sees nothing else, so it costs no privacy.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One update of the trainable parameters, in the order of make_optimizer. `step` counts from 0 and decides the
  /// learning rate. Whether all trainable parameters are finite afterwards. Throws ShapeError when the gradient was
  /// made for other parameters.
  virtual bool apply(const NoisyGradient& gradient, std::uint64_t step) = 0;

  /// Memory after the last step; tensors share the optimizer's numbers until the next one.
  virtual std::vector<OptimizerState> state() const = 0;
  /// Takes up what state() gave. Throws ConfigError when names or shapes differ.
  virtual void restore(std::span<const OptimizerState> state) = 0;
};

/// The parameters must outlive the optimizer; frozen ones are left out. Throws ConfigError naming an impossible option.
/// total_steps is the length of the schedule. Bits do not depend on the number of threads.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, const ScheduleOptions& schedule,
                                          std::uint64_t total_steps, std::span<Parameter* const> parameters,
                                          int threads = 1);

/// How many tensors as large as a parameter such an optimizer remembers of each.
int memory_tensors(const OptimizerOptions& options);

}  // namespace dpml
