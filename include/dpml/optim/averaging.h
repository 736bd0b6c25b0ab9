#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dpml/autograd/parameter.h"
#include "dpml/optim/options.h"

namespace dpml {

/// Exponential moving average of the trainable parameters (Polyak averaging): average = decay * average +
/// (1 - decay) * weights after every step. Early on the decay is (1 + t) / (10 + t) when that is smaller, t the number
/// of updates so far, so that the first weights are forgotten.
class WeightAverage {
 public:
  /// Throws ConfigError when the decay is not in [0, 1). The parameters must outlive the average.
  WeightAverage(const AveragingOptions& options, std::span<Parameter* const> parameters);

  bool is_active() const { return decay_ > 0; }
  void update(std::uint64_t step);

  /// One tensor for each trainable parameter; empty when not active.
  const std::vector<Tensor>& averages() const { return averages_; }
  /// Takes up what averages() gave. Throws ConfigError when the shapes differ.
  void restore(std::span<const Tensor> averages);

  /// Puts the averages into the parameters and what they held into the averages; twice is as if never.
  void swap_with_parameters();

 private:
  double decay_;
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> averages_;
};

}  // namespace dpml
